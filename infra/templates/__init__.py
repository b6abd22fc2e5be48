"""CloudFormation made from `infra.description`: what keeps the data, what triggers the functions, and both in one."""
