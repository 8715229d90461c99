"""The parts of the model card that no file of figures holds: data, method, limits, sources, commands."""

DATA = """
## Data

32,034 photos of research sets (144 px short side), among them Caltech-101, ten classes of DTD, Intel's scenes,
PACS and a small set of clothing. 3,074 of them never enter training: 20 whole Caltech classes, for look-alikes by
class, and 2,000 mixed photos, for copies. The evaluation uses these alone; int8 is calibrated on training photos.
For each photo there is one vector of a teacher, a MobileNetV2 trained on ImageNet: pooled features, centred,
their first 256 principal components. The photos and the teacher are no part of the project and none is in the
model files.
"""

METHOD = """
## Training

A ResNet-18 from random weights, with generalised-mean pooling and a linear layer to 256 numbers of unit length.
It sees a photo cropped, recompressed, resized, mirrored, turned, recoloured, blurred, captioned, bordered,
overlaid or on a screen, and has to land on the teacher's vector of the clean photo, pick that photo among all
training photos, keep the teacher's neighbours, agree with a second view of the same photo, and stay away from
other photos. The changes that the evaluation makes are written separately and share no code with these. The
weights that are exported are a moving average.
"""

LIMITS = """
## Limits

- A score says that two photos look alike, never that one may be deleted.
- How it scores shots of one burst, frames of one video and prints of one form has not been measured; expect
  them to look like copies.
- The whole photo is squashed to a small square: small things in a large scene, long panoramas and fine text are
  hardly seen.
- It was not trained for faces, documents, maps or medical pictures in particular: it knows no persons and reads
  no text.
- Photos of the evaluation are small, 144 px on the short side. Score bands assume that half of all query photos
  have a copy in the library, and that the copies are made as the evaluation makes them.
"""

SOURCES = """
## Sources and licences

The code and the weights are the project's own, under its MIT licence; no weights were copied in. The training
photos come from research sets with terms of their own, and the teacher learned from ImageNet, whose photos are
for research. Methods: ResNet (arXiv 1512.03385), generalised-mean pooling (arXiv 1711.02512), distilling a
teacher's neighbourhood (SEED, arXiv 2101.04731), copy detection with an entropy term (SSCD, arXiv 2202.10261),
blocks that start as the identity (arXiv 1706.02677).
"""

OWN_MODELS = """
## Another model

With a network to download weights, `export/recipes` turns torchvision's ResNet-50, VGG16 and ViT-B/16, and SSCD's
ResNet-50, into models of the app, each compared with torch before it is written:

```
pip install '.[train]' torchvision==0.28.0
python -m models.export.recipes resnet50 --out FOLDER              # or --weights FILE.pth
python -m models.export.recipes sscd --weights sscd_disc_mixup.torchscript.pt --out FOLDER
lookalike models add FOLDER/resnet50.onnx --card FOLDER/resnet50.json
```

Their scores are on scales of their own: no bands are measured for them.
"""

REGENERATE = """
## Making all this again

```
make train DATA=FOLDER
python -m models.export --checkpoint models/runs/resnet18/last.pt --calibration FOLDER
python -m models.evaluate --data FOLDER --write-bands --json evaluation.json
python -m models.evaluate.sheet --photos FOLDER --model models/lookalike-resnet18.json --out models/sheet.png
python -m models.card --evaluation evaluation.json --log resnet18=models/runs/resnet18/log.jsonl
```

The last command alone writes this file and the curves. Without arguments it does so from what is kept in
`evaluate/results`, `train/logs` and `train/experiments.toml`, where each experiment gets its row by hand.
"""
