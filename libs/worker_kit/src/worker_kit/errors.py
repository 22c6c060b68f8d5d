"""What can go wrong around a pipeline, whatever the pipeline does.

WorkerError
├── DeadlineExceeded    retryable   the coroutine ran into its deadline and was cancelled
├── WorkerLost          permanent   runs of the task were lost too often: their process was killed
├── GatewayUnreachable  retryable   NATS is away, or no gateway answered
├── GatewayRefused      permanent   the gateway said no; `problem` says why
│   └── GatewayOutdated retryable   it does not understand the request: another gateway is of this worker's version
└── RequestTooLarge     permanent   more than the NATS server lets pass
"""

from typing import ClassVar

from contracts.api import Problem


class WorkerError(Exception):
    retryable: ClassVar[bool] = False


class DeadlineExceeded(WorkerError):
    retryable = True

    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"not done within {deadline_s:g} s")
        self.deadline_s = deadline_s


class WorkerLost(WorkerError):
    def __init__(self, runs: int) -> None:
        super().__init__(f"{runs} runs were lost: the process was killed, or ended by the hard time limit")
        self.runs = runs


class GatewayUnreachable(WorkerError):
    retryable = True

    def __init__(self, why: str) -> None:
        super().__init__(f"the gateway's NATS API did not answer: {why}")


class GatewayRefused(WorkerError):
    def __init__(self, problem: Problem) -> None:
        super().__init__(f"the gateway refused: {problem.title} ({problem.status})")
        self.problem = problem


class GatewayOutdated(GatewayRefused):
    """What a worker asks is checked before it is sent: a gateway that finds it wrong knows other rules."""

    retryable = True


class RequestTooLarge(WorkerError):
    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"a request of {size_bytes} bytes: the NATS server's max_payload is {limit_bytes}")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
