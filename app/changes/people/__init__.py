"""Who is who, over all changes: the accounts that took part, what the list and decisions say of them, and new decisions."""
