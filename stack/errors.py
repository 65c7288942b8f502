"""What stops the stack, said so that the reader knows what to do next."""


class StackError(Exception):
    """One clear sentence with the remedy; printed as it is, without a traceback."""


class NotReadyError(StackError):
    """Something the stack needs is missing; holds one sentence a problem.

    Attributes:
        problems: The sentences, in the order they were found.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InterruptedByUserError(StackError):
    """Ctrl-C while the stack was starting or a run was being followed."""
