"""Which objects Terraform and Argo CD manage, and those that both do."""
