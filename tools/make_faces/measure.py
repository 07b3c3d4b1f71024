"""Look at pictures the way the toolkit does: landmarks, crop, two networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from tools.make_faces.actions import EMOTIONS

Picture = NDArray[np.uint8]

CROP_SCALE, CROP_RISE = 1.1, 0.06
FACEAPI_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
FACEAPI_LABELS = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
FER_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
# Lower face, from ear to ear over the bridge of the nose.
MASK_OUTLINE = [
    454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132,
    93, 234, 118, 197, 347,
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What MediaPipe sees: number of faces, and of the first its landmarks and blendshapes."""

    faces: int
    landmarks: NDArray[np.float64]
    blendshapes: dict[str, float]


class Observer:
    """MediaPipe and the two emotion networks.

    Parameters
    ----------
    weights
        Folder with ``face_landmarker.task``, ``faceapi.onnx`` and ``fer.onnx``.
    """

    def __init__(self, weights: Path) -> None:
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(weights / "face_landmarker.task")),
            num_faces=3,
            output_face_blendshapes=True,
        )
        self._detector = vision.FaceLandmarker.create_from_options(options)
        self._faceapi = cv2.dnn.readNetFromONNX(str(weights / "faceapi.onnx"))
        self._fer = cv2.dnn.readNetFromONNX(str(weights / "fer.onnx"))

    def find(self, rgb: Picture) -> Finding:
        """Detect faces in an RGB picture."""
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        result = self._detector.detect(image)
        if not result.face_landmarks:
            return Finding(0, np.zeros((0, 3)), {})
        height, width = rgb.shape[:2]
        scale = np.array([width, height, width])
        points = np.array([[p.x, p.y, p.z] for p in result.face_landmarks[0]]) * scale
        shapes = {c.category_name: float(c.score) for c in result.face_blendshapes[0]}
        return Finding(len(result.face_landmarks), points, shapes)

    def classify(self, rgb: Picture, landmarks: NDArray[np.float64]) -> dict[str, dict[str, float]]:
        """Return the probabilities of both networks for the face at the landmarks."""
        face = crop(rgb, landmarks)
        small = cv2.resize(face, (112, 112), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._faceapi.setInput(((small - FACEAPI_MEAN) / 255).transpose(2, 0, 1)[None].copy())
        first = dict(zip(FACEAPI_LABELS, map(float, self._faceapi.forward()[0]), strict=True))
        grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._fer.setInput(((grey / 255 - 0.5) * 2)[None, :, :, None])
        second = dict(zip(FER_LABELS, map(float, self._fer.forward()[0]), strict=True))
        order = EMOTIONS
        return {
            "faceapi": {e: first[e] for e in order},
            "fer": {e: second[e] for e in order},
        }


def read(path: Path) -> Picture:
    """Read a picture as RGB."""
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise FileNotFoundError(f"Cannot read {path}.")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def crop(rgb: Picture, landmarks: NDArray[np.float64]) -> Picture:
    """Cut the square around a face, repeating the border where it sticks out."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    side = CROP_SCALE * float((high - low).max())
    centre = (low + high) / 2 - np.array([0, CROP_RISE * side])
    x, y = np.round(centre - side / 2).astype(int)
    n = round(side)
    pad = n
    wide = cv2.copyMakeBorder(rgb, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    return wide[y + pad : y + pad + n, x + pad : x + pad + n]


def flat_mask(rgb: Picture, landmarks: NDArray[np.float64]) -> Picture:
    """Cover the lower face with a flat light blue."""
    covered = rgb.copy()
    outline = landmarks[MASK_OUTLINE, :2].astype(np.int32)
    cv2.fillPoly(covered, [outline], (176, 200, 220), cv2.LINE_AA)
    return covered
