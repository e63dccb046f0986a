"""A fit as a run of MLflow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydl4j_spark.callbacks.base import Callback, Fit
from pydl4j_spark.callbacks.extras import extra
from pydl4j_spark.errors import ConfigError


class MLflow(Callback):
    """Logs a fit's settings as parameters and its numbers as metrics by epoch.

    Needs MLflow: ``pip install 'pydl4j-spark[mlflow]'``. Where a run is active (``with mlflow.start_run():``) it is
    that one; otherwise the fit makes its own and ends it: FINISHED, FAILED, or KILLED by Ctrl-C.

    Parameters
    ----------
    experiment : str, optional
        Name of the experiment of a run of its own; made where there is none. Default: MLflow's active one.
    run_name : str, optional
        Name of that run.
    params : Mapping, optional
        Parameters to log besides: what you chose.
    log_model : bool
        Log the network as it is in the end, as the artifact ``model.zip``. Default False. A callback that restores the
        best network must come before this one.

    Attributes
    ----------
    run_id : str or None
        The run of the last fit.

    Raises
    ------
    ConfigError
        When MLflow is not installed.
    """

    def __init__(
        self,
        experiment: str | None = None,
        *,
        run_name: str | None = None,
        params: Mapping[str, Any] | None = None,
        log_model: bool = False,
    ) -> None:
        self._mlflow = extra("mlflow", "mlflow", "MLflow")
        self._entities = extra("mlflow.entities", "mlflow", "MLflow")
        if params is not None and not isinstance(params, Mapping):
            raise ConfigError(f"MLflow: params must be a dict, got {type(params).__name__}")
        self._experiment = experiment
        self._run_name = run_name
        self._params = dict(params or {})
        self._log_model = bool(log_model)
        self._client: Any = None
        self._own = False
        self.run_id: str | None = None

    def on_fit_start(self, fit: Fit) -> None:
        """Find or make the run, and log the settings."""
        self._client = self._mlflow.MlflowClient()
        active = self._mlflow.active_run()
        self._own = active is None
        self.run_id = self._new_run() if active is None else str(active.info.run_id)
        known = {
            "network": type(fit.network).__name__,
            "n_params": fit.network.n_params,
            "epochs": fit.epochs,
            **fit.settings,
            **self._params,
        }
        params = [self._entities.Param(str(name), str(value)) for name, value in known.items() if value is not None]
        try:
            self._client.log_batch(self.run_id, params=params)
        except BaseException:
            self._end("FAILED")
            raise

    def _new_run(self) -> str:
        tracking = self._mlflow.tracking.fluent
        if self._experiment is None:
            experiment = tracking._get_experiment_id()
        else:
            known = self._client.get_experiment_by_name(self._experiment)
            experiment = self._client.create_experiment(self._experiment) if known is None else known.experiment_id
        return str(self._client.create_run(experiment, run_name=self._run_name).info.run_id)

    def on_epoch_end(self, fit: Fit) -> None:
        """Log the epoch's numbers."""
        numbers = {**fit.history.metrics(), "seconds": fit.history.seconds[-1], "rows": fit.history.rows[-1]}
        now = int(time.time() * 1000)
        metrics = [self._entities.Metric(name, float(number), now, fit.epoch) for name, number in numbers.items()]
        self._client.log_batch(self.run_id, metrics=metrics)

    def on_fit_end(self, fit: Fit) -> None:
        """Log the network where wanted, and end a run of its own."""
        status = "FINISHED" if fit.error is None else "KILLED" if isinstance(fit.error, KeyboardInterrupt) else "FAILED"
        try:
            if fit.stopped is not None:
                self._client.set_tag(self.run_id, "stopped", fit.stopped)
            if self._log_model and fit.error is None:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "model.zip"
                    fit.network.save(path)
                    self._client.log_artifact(self.run_id, str(path))
        except BaseException:
            status = "FAILED"
            raise
        finally:
            self._end(status)

    def _end(self, status: str) -> None:
        if self._own:
            self._client.set_terminated(self.run_id, status)
