# Quantile forecasts of one load by peers in R. JSON in on stdin:
#   {"step": seconds, "horizon": cells, "start": epoch seconds of cell 0, "look_back": cells, "values": [number or null],
#    "methods": [{"name": "r-stlf", "origins": [cell, ...]}]}
# A forecast at origin o knows the cells before o. JSON out on stdout, one line for each method as soon as it is done:
#   {"method": "r-stlf", "seconds": s, "forecasts": [{"0.1": [...], "0.5": ..., "0.9": ..., "0.95": ..., "0.99": ...}]}
#   {"method": "r-stlf", "failed": "origin 123: why"}
# Needs r-cran-forecast and r-cran-jsonlite; r-cran-prophet for prophet.
suppressPackageStartupMessages({
  library(forecast)
  library(jsonlite)
})

job <- fromJSON(paste(readLines(file("stdin"), warn = FALSE), collapse = "\n"), simplifyDataFrame = FALSE)
values <- as.numeric(job$values)
horizon <- job$horizon
day <- round(86400 / job$step)
week <- 7 * day
intervals <- c(80, 90, 98) # two-sided; their bounds are the quantiles 0.1 and 0.9, 0.95, 0.99

# Gaps as straight lines, ends held.
bridge <- function(x) {
  known <- which(is.finite(x))
  if (length(known) == 0) return(rep(0, length(x)))
  if (length(known) == 1) return(rep(x[known], length(x)))
  approx(known, x[known], seq_along(x), rule = 2)$y
}

history <- function(origin) bridge(values[max(1, origin - job$look_back + 1):origin])

# A load is never negative.
quantiles <- function(low, middle, high, higher, highest) {
  rows <- list("0.1" = low, "0.5" = middle, "0.9" = high, "0.95" = higher, "0.99" = highest)
  lapply(rows, function(x) pmax(0, as.numeric(x)))
}

from_intervals <- function(f) quantiles(f$lower[, 1], f$mean, f$upper[, 1], f$upper[, 2], f$upper[, 3])

# Day or week, whichever erred less up to the first origin; chosen once.
season_of <- function(first_origin) {
  known <- bridge(values[1:first_origin])
  miss <- function(lag) if (length(known) > 2 * lag) mean(abs(diff(known, lag))) else Inf
  if (miss(week) < miss(day)) week else day
}

naive_one <- function(origin) from_intervals(naive(history(origin), h = horizon, level = intervals))

snaive_one <- function(origin, season) {
  x <- history(origin)
  if (length(x) < 2 * season) season <- if (length(x) >= 2 * day) day else 1
  from_intervals(snaive(ts(x, frequency = season), h = horizon, level = intervals))
}

# Every season of which there are two; without any, exponential smoothing alone.
stlf_one <- function(origin) {
  x <- history(origin)
  seasons <- Filter(function(s) s > 1 && 2 * s < length(x), c(day, week))
  if (length(seasons) == 0) return(from_intervals(forecast(ets(x), h = horizon, level = intervals)))
  from_intervals(stlf(msts(x, seasonal.periods = seasons), h = horizon, level = intervals, method = "ets"))
}

# A daily season over the last week: a longer past gains nothing and costs minutes. Where the optimiser gives up, usual gains.
holt_winters_one <- function(origin) {
  x <- tail(history(origin), 7 * day)
  if (day < 2 || length(x) < 2 * day) {
    fit <- HoltWinters(x, gamma = FALSE)
  } else {
    load <- ts(x, frequency = day)
    fit <- tryCatch(
      HoltWinters(load, optim.control = list(maxit = 50)),
      error = function(e) HoltWinters(load, alpha = 0.3, beta = 0.01, gamma = 0.2)
    )
  }
  from_intervals(forecast(fit, h = horizon, level = intervals))
}

# Knows gaps as gaps. Quantiles are those of 300 sampled futures.
prophet_one <- function(origin) {
  cells <- max(1, origin - job$look_back + 1):origin
  time <- function(cell) as.POSIXct(job$start + (cell - 1) * job$step, origin = "1970-01-01", tz = "UTC")
  past <- data.frame(ds = time(cells), y = values[cells])
  past <- past[is.finite(past$y), ]
  model <- suppressMessages(prophet::prophet(past,
    daily.seasonality = day > 1, weekly.seasonality = length(cells) >= 2 * week,
    yearly.seasonality = FALSE, uncertainty.samples = 300
  ))
  future <- data.frame(ds = time(origin + seq_len(horizon)))
  q <- apply(prophet::predictive_samples(model, future)$yhat, 1, quantile, c(0.1, 0.5, 0.9, 0.95, 0.99))
  quantiles(q[1, ], q[2, ], q[3, ], q[4, ], q[5, ])
}

forecaster <- function(method) {
  season <- season_of(method$origins[1])
  switch(method$name,
    "r-naive" = naive_one,
    "r-snaive" = function(origin) snaive_one(origin, season),
    "r-stlf" = stlf_one,
    "r-holt-winters" = holt_winters_one,
    "prophet" = prophet_one,
    stop("unknown method")
  )
}

say <- function(line) {
  cat(toJSON(line, auto_unbox = TRUE, digits = NA), "\n", sep = "")
  flush(stdout())
}

set.seed(1)
for (method in job$methods) {
  started <- proc.time()[["elapsed"]]
  at <- NA
  line <- tryCatch(
    {
      one <- forecaster(method)
      forecasts <- lapply(method$origins, function(origin) {
        at <<- origin
        one(origin)
      })
      seconds <- proc.time()[["elapsed"]] - started
      list(method = method$name, seconds = seconds, forecasts = lapply(forecasts, function(f) lapply(f, I)))
    },
    error = function(e) {
      why <- gsub("\\s+", " ", conditionMessage(e))
      list(method = method$name, failed = paste0("origin ", at, ": ", why))
    }
  )
  say(line)
}
