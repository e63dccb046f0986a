"""DL4J's schedules of learning rate, momentum and dropout."""

from pydl4j_spark.conf.schedules import (
    CycleSchedule,
    ExponentialSchedule,
    FixedSchedule,
    InverseSchedule,
    MapSchedule,
    PolySchedule,
    RampSchedule,
    Schedule,
    SigmoidSchedule,
    StepSchedule,
)

__all__ = [
    "CycleSchedule",
    "ExponentialSchedule",
    "FixedSchedule",
    "InverseSchedule",
    "MapSchedule",
    "PolySchedule",
    "RampSchedule",
    "Schedule",
    "SigmoidSchedule",
    "StepSchedule",
]
