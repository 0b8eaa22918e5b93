/** A program that forecasts with somebody else's methods: `bench/peers/` has the script that it runs. */
export interface Peer {
  readonly name: string;
  readonly command: string;
  /** Arguments with which it ends well where everything that the script needs is there. */
  readonly probe: readonly string[];
  readonly script: string;
  readonly methods: readonly string[];
  /** Takes seconds for each forecast, and is asked for some of them only. */
  readonly slow: boolean;
  readonly install: string;
}

export const PEERS: readonly Peer[] = [
  {
    name: 'R forecast',
    command: 'Rscript',
    probe: ['-e', 'library(forecast); library(jsonlite)'],
    script: 'forecast.R',
    methods: ['r-naive', 'r-snaive', 'r-holt-winters', 'r-stlf'],
    slow: false,
    install: 'apt-get install --no-install-recommends r-cran-forecast r-cran-jsonlite',
  },
  {
    name: 'prophet',
    command: 'Rscript',
    probe: ['-e', 'library(forecast); library(jsonlite); library(prophet)'],
    script: 'forecast.R',
    methods: ['prophet'],
    slow: true,
    install: 'apt-get install --no-install-recommends r-cran-prophet r-cran-forecast r-cran-jsonlite',
  },
  {
    name: 'statsmodels',
    command: 'python3',
    probe: ['-c', 'import statsmodels.tsa.seasonal'],
    script: 'statsmodels_peer.py',
    methods: ['sm-mstl-ets'],
    slow: false,
    install: 'pip install statsmodels',
  },
];

/** The peers whose plain median is measured as a method of its own. */
export const MEDIAN_OF = ['r-naive', 'r-snaive', 'r-holt-winters', 'r-stlf'] as const;
export const MEDIAN = 'peers-median';
