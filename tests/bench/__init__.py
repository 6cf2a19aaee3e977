"""What `make bench` measures: each thing beside its raw limit on the same machine in the same run."""
