"""The one error that is meant for whoever runs an import: a stable code, and what to do."""


class ImportFailed(Exception):
    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
