"""Quantile forecasts of one load by statsmodels: MSTL (day and week) with exponential smoothing on what remains.

Reads and writes what forecast.R does. Needs Python 3 with statsmodels.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.seasonal import MSTL

# Share outside of a two-sided interval, by the upper level that it gives.
OUTSIDE = {"0.9": 0.2, "0.95": 0.1, "0.99": 0.02}


def bridge(x):
    known = np.flatnonzero(np.isfinite(x))
    return np.interp(np.arange(len(x)), known, x[known]) if len(known) else np.zeros(len(x))


def forecast(values, origin, job):
    x = bridge(values[max(0, origin - job["look_back"]) : origin])
    day = round(86400 / job["step"])
    horizon = job["horizon"]
    ahead = np.zeros(horizon)
    periods = [p for p in (day, 7 * day) if p > 1 and 2 * p < len(x)]
    rest = x
    if periods:
        # Jumps as R's stl has them: lines between every tenth point of the smoothers, else it takes minutes.
        jump = max(1, periods[0] // 10)
        parts = MSTL(x, periods=periods, stl_kwargs={"trend_jump": jump, "low_pass_jump": jump}).fit()
        seasons = parts.seasonal.reshape(len(x), -1)
        rest = x - seasons.sum(axis=1)
        for k, period in enumerate(periods):
            ahead += np.resize(seasons[-period:, k], horizon)
    fit = ETSModel(pd.Series(rest), error="add").fit(disp=False)
    prediction = fit.get_prediction(start=len(rest), end=len(rest) + horizon - 1)
    rows = {"0.5": prediction.predicted_mean}
    for level, alpha in OUTSIDE.items():
        frame = prediction.summary_frame(alpha=alpha)
        rows[level] = frame["pi_upper"].to_numpy()
        if level == "0.9":
            rows["0.1"] = frame["pi_lower"].to_numpy()
    return {level: np.maximum(0, np.asarray(row) + ahead).tolist() for level, row in rows.items()}


def main():
    warnings.simplefilter("ignore")
    job = json.load(sys.stdin)
    values = np.array([np.nan if v is None else v for v in job["values"]], dtype=float)
    for method in job["methods"]:
        line = {"method": method["name"]}
        started = time.monotonic()
        origin = None
        try:
            line["forecasts"] = []
            for origin in method["origins"]:
                line["forecasts"].append(forecast(values, origin, job))
            line["seconds"] = time.monotonic() - started
        except Exception as error:  # whatever it is, it is this method's result
            line = {"method": method["name"], "failed": f"origin {origin}: {' '.join(str(error).split())}"}
        print(json.dumps(line), flush=True)


main()
