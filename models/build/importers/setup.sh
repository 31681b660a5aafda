#!/bin/sh
# Makes the importers' own Python environment in $1, or brings it up to its requirements. About 5 GB on Linux, where PyTorch carries
# CUDA; set PIP_EXTRA_INDEX_URL to PyTorch's index of CPU builds to need less.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$here/../.venv-import}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(0 if sys.version_info[:2] >= (3, 11) else 1)' 2>/dev/null || {
  echo "Python 3.11 or newer is needed, as $python; install it, or name it: PYTHON=/path/to/python3.11" >&2
  exit 2
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" >&2
"$venv/bin/python" -m pip install --disable-pip-version-check --requirement "$here/requirements.txt" >&2
cp "$here/requirements.txt" "$venv/edgebind-requirements.txt"
echo "ready: $venv" >&2
