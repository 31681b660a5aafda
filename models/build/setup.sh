#!/bin/sh
# Makes the build's own Python environment. Needs Debian's python3-torch (see README of models/mini).
set -eu
cd "$(dirname "$0")"
/usr/bin/python3 -c 'import torch' 2>/dev/null || {
  echo 'torch is missing. Run: apt-get install -y python3-torch python3-venv' >&2
  exit 1
}
[ -d .venv ] || /usr/bin/python3 -m venv --system-site-packages .venv
.venv/bin/pip install --quiet --requirement requirements.txt
echo "ready: $(pwd)/.venv"
