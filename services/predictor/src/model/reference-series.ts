/**
 * Twenty hourly days with a trend, a season and noise, for tests only. In R:
 * `s <- 12345; for (i in 1:480) { s <- (s * 16807) %% 2147483647; noise[i] <- s / 2147483647 - 0.5 }; t <- 0:479;
 * y <- 100 + 0.02*t + 20*sin(2*pi*t/24) + 8*cos(4*pi*t/24) + 4*noise`
 */
export const REFERENCE_SERIES: Float64Array = referenceSeries();

function referenceSeries(): Float64Array {
  let seed = 12_345;
  return Float64Array.from({ length: 480 }, (_, t) => {
    seed = (seed * 16_807) % 2_147_483_647;
    const season = 20 * Math.sin((2 * Math.PI * t) / 24) + 8 * Math.cos((4 * Math.PI * t) / 24);
    return 100 + 0.02 * t + season + 4 * (seed / 2_147_483_647 - 0.5);
  });
}
