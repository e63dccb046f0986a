"""Exported networks at work: ONNX files that onnxruntime runs, on arrays and in Spark's Python workers."""
