import fc from 'fast-check';

// Property tests draw the same cases every time: a suite that fails, fails for everybody. FORESCALE_SEED tries others.
fc.configureGlobal({ seed: Number(process.env.FORESCALE_SEED ?? 20_261_126) });
