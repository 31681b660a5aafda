/**
 * Published preprocessing recipes by kind and name. Sources: CLIP (openai/CLIP), SigLIP (big_vision), ImageBind
 * (facebookresearch/ImageBind), AST (YuanGong), YAMNet (tensorflow/models), CLAP (LAION), LanguageBind (PKU-YuanGroup).
 */
const clipMean = [0.48145466, 0.4578275, 0.40821073];
const clipStd = [0.26862954, 0.26130258, 0.27577711];

/** torchaudio.compliance.kaldi.fbank as ImageBind and AST call it. */
const kaldi = {
  rateHz: 16_000,
  windowSamples: 400,
  hopSamples: 160,
  fftSize: 512,
  window: 'hann-symmetric',
  removeDc: true,
  preEmphasis: 0.97,
  spectrum: 'power',
  melScale: 'kaldi',
  mels: 128,
  lowHz: 20,
  highHz: 8000,
  log: { kind: 'ln', floor: 1.1920928955078125e-7 },
};

export const presets: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  image: {
    clip: { size: 224, resize: 'shortest', resample: 'bicubic', mean: clipMean, std: clipStd },
    siglip: { size: 256, resize: 'squash', resample: 'bilinear', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    // pytorchvideo's ShortSideScale, and the middle one of ImageBind's SpatialCrop.
    'imagebind-video': {
      size: 224,
      resize: 'shortest',
      resample: 'bilinear',
      antialias: false,
      cropRounding: 'up',
      frames: 2,
      seconds: 2,
      mean: clipMean,
      std: clipStd,
    },
  },
  'log-mel': {
    'kaldi-fbank': { ...kaldi, layout: 'mel-time' },
    // Its code takes the mean from each clip first; each frame loses its own mean anyway.
    imagebind: { ...kaldi, seconds: 2, frames: 204, channels: 1, mean: -4.268, std: 9.138, layout: 'mel-time' },
    ast: { ...kaldi, frames: 1024, mean: -4.2677393, std: 2 * 4.5689974, layout: 'time-mel' },
    yamnet: {
      rateHz: 16_000,
      windowSamples: 400,
      hopSamples: 160,
      fftSize: 512,
      window: 'hann-periodic',
      spectrum: 'magnitude',
      melScale: 'htk',
      mels: 64,
      lowHz: 125,
      highHz: 7500,
      log: { kind: 'ln', offset: 0.001 },
      layout: 'time-mel',
    },
    clap: {
      rateHz: 48_000,
      windowSamples: 1024,
      hopSamples: 480,
      fftSize: 1024,
      window: 'hann-periodic',
      center: true,
      spectrum: 'power',
      melScale: 'slaney',
      mels: 64,
      lowHz: 50,
      highHz: 14_000,
      log: { kind: 'db', floor: 1e-10 },
      seconds: 10,
      fill: 'repeat',
      frames: 1001,
      channels: 1,
      layout: 'time-mel',
    },
  },
  thermal: {
    'imagebind-thermal': { size: 224, resize: 'shortest', resample: 'bicubic', channels: 1, lowC: 0, highC: 50 },
    'clip-thermal': { size: 224, resize: 'shortest', resample: 'bicubic', channels: 3, lowC: 0, highC: 50, mean: clipMean, std: clipStd },
  },
  // Both resize tensors, and torchvision 0.14, which their authors pinned, did not antialias those.
  depth: {
    'imagebind-depth': {
      size: 224,
      resize: 'shortest',
      resample: 'bicubic',
      antialias: false,
      channels: 1,
      baselineM: 0.075,
      focalPx: 518.86,
      maxDisparity: 75,
      mean: 0.0418,
      std: 0.0295,
    },
    'languagebind-depth': {
      size: 224,
      resize: 'shortest',
      resample: 'bicubic',
      antialias: false,
      channels: 3,
      maxM: 10,
      mean: clipMean,
      std: clipStd,
    },
  },
};
