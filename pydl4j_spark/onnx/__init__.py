"""Trained networks leave as ONNX: from DL4J's model file alone, checked, and compared with DL4J where one runs."""

from pydl4j_spark.onnx.checking import verify_export as verify_export
from pydl4j_spark.onnx.context import LayerContext as LayerContext
from pydl4j_spark.onnx.converter import Converter as Converter
from pydl4j_spark.onnx.converter import ParamSpec as ParamSpec
from pydl4j_spark.onnx.export import export_onnx as export_onnx
from pydl4j_spark.onnx.graph import Value as Value
from pydl4j_spark.onnx.report import ExportReport as ExportReport
from pydl4j_spark.onnx.verify import Verification as Verification
from pydl4j_spark.onnx.verify import verify_onnx as verify_onnx

__all__ = [
    "Converter",
    "ExportReport",
    "LayerContext",
    "ParamSpec",
    "Value",
    "Verification",
    "export_onnx",
    "verify_export",
    "verify_onnx",
]
