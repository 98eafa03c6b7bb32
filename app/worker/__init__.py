"""The metronome: what is due is asked of Postgres, every second, by any number of workers."""
