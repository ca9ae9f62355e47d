"""The Pulumi program: hands over to the module of stacks/ that the stack asks for."""

import pulumi

from stacks._programs import program

program(pulumi.get_stack(), pulumi.Config().get("program"))()
