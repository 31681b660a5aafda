#!/bin/sh
# Makes the importers' own Python environment, or brings it up to its requirements: setup.sh [--tests] [FOLDER]. About 5 GB on Linux,
# where PyTorch carries CUDA; set PIP_EXTRA_INDEX_URL to PyTorch's index of CPU builds to need less.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tests=
[ "${1:-}" = --tests ] && tests=yes && shift
venv=${1:-$here/../.venv-import}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(0 if sys.version_info[:2] >= (3, 11) else 1)' 2>/dev/null || {
  echo "Python 3.11 or newer is needed, as $python; install it, or name it: PYTHON=/path/to/python3.11" >&2
  exit 2
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" >&2
pip() { "$venv/bin/python" -m pip --disable-pip-version-check install "$@" >&2; }
pip --requirement "$here/requirements.txt"
cp "$here/requirements.txt" "$venv/edgebind-requirements.txt"
if [ -n "$tests" ]; then
  pip --requirement "$here/requirements-test.txt"
  # Without what only its loaders of files need.
  pip --no-deps imagebind-unofficial==0.1.1
  cp "$here/requirements-test.txt" "$venv/edgebind-tests.txt"
fi
echo "ready: $venv" >&2
