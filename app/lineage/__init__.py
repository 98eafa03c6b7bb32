"""Which Terraform resource writes what which application reads: paths, ExternalSecrets, Secrets, workloads. Pure."""
