"""What is made of another stack's results."""

import pulumi

upstream = pulumi.StackReference(f"organization/upstream/{pulumi.get_stack()}")
results = upstream.require_output("results")
pulumi.export("vcf", pulumi.Output.format("{0}/out/NA12878.vcf.gz", results))
