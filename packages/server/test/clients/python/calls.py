"""Runs single calls of a client and prints how each of them ended."""
import traceback


class Unexpected(Exception):
    pass


def check(got, wanted):
    if got != wanted:
        raise Unexpected(f"expected {wanted!r}, got {got!r}")
    return True


def call(name, run, judge=lambda got: True):
    """Prints one line. `judge` gets the result, or the exception if it was made by `refused`."""
    try:
        if isinstance(judge, refused):
            judge.check(run)
            result = None
        else:
            result = run()
            judge(result)
        print(f"ok {name}", flush=True)
        return result
    except Exception:
        print(f"FAIL {name}: {traceback.format_exc(limit=-2)!r}", flush=True)
        return None


class refused:
    """Requires the call to fail with this type of exception and these details."""

    def __init__(self, type_, is_right):
        self.type = type_
        self.is_right = is_right

    def check(self, run):
        try:
            result = run()
        except self.type as error:
            if not self.is_right(error):
                raise Unexpected(f"refused in another way: {error}")
            return
        raise Unexpected(f"not refused, but answered {result!r}")
