import { Command } from 'commander';
import { runProgram } from './output/run-program.ts';

/** Runs one command line and resolves to its exit code. Commands load when they are called: the start stays quick. */
export function runCli(args: readonly string[]): Promise<number> {
  return runProgram(createProgram, args);
}

function createProgram(signal: AbortSignal): Command {
  const program = new Command('forescale')
    .description('Predictive node autoscaling for Kubernetes and K3s')
    .exitOverride()
    .showHelpAfterError('(see forescale --help)');

  program
    .command('up')
    .description('all services in one process')
    .requiredOption('--config <file>', 'configuration')
    .action(async (options) => (await import('./commands/services.ts')).up(options, signal));
  for (const service of ['collector', 'predictor', 'actuator'] as const) {
    program
      .command(service)
      .description(`the ${service} alone`)
      .requiredOption('--config <file>', 'configuration')
      .action(async (options) => (await import('./commands/services.ts')).one(service, options, signal));
  }
  program
    .command('validate')
    .description('checks a configuration')
    .argument('<config>', 'configuration')
    .option('--print', 'prints the effective configuration and the bounds by hour')
    .action(async (file, options) => (await import('./commands/validate.ts')).validate(file, options));
  program
    .command('doctor')
    .description('checks what the services need: servers, permissions, clock, versions, prices; changes nothing')
    .option('--config <file>', 'configuration; the defaults without one')
    .option('--service <name>', 'only the permissions of collector or actuator; of both by default')
    .option('--json <file>', 'writes the findings as JSON ("-": to stdout)')
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));
  program
    .command('plan')
    .description('what would be done now, and why, without doing it')
    .requiredOption('--config <file>', 'configuration')
    .option('--state <file>', 'plans for a recorded state instead of the live cluster')
    .option('--json <file>', 'writes the result as JSON ("-": to stdout)')
    .action(async (options) => (await import('./commands/plan.ts')).planNow(options));
  addSteering(program);
  program
    .command('release')
    .description('takes away what holds room for pools of kind buffer, once no actuator leads; nodes are left alone')
    .requiredOption('--config <file>', 'configuration')
    .option('--wait <seconds>', 'how long to wait for the actuators to have stopped', '120')
    .action(async (options) => (await import('./commands/release.ts')).release(options, signal));
  program
    .command('forecast')
    .description('trains on a trace and forecasts what comes next')
    .argument('<trace>', 'CSV with the header timestamp,value')
    .requiredOption('--horizon <steps>', 'how many steps ahead')
    .option('--json <file>', 'writes the result as JSON ("-": to stdout)')
    .action(async (trace, options) => (await import('./commands/forecast.ts')).forecast(trace, options));
  program
    .command('backtest')
    .description('rolling-origin evaluation on a trace')
    .argument('<trace>', 'CSV with the header timestamp,value')
    .requiredOption('--horizon <steps>', 'how many steps ahead')
    .option('--step <seconds>', 'step of the grid')
    .option('--origins <count>', 'how many origins', '60')
    .option('--test-fraction <share>', 'share of the trace in which the origins lie', '0.2')
    .option('--json <file>', 'writes the result as JSON ("-": to stdout)')
    .action(async (trace, options) => (await import('./commands/backtest.ts')).backtestTrace(trace, options));
  program
    .command('simulate')
    .description('what a policy would have cost and missed: replays a load against a simulated cloud')
    .argument('[trace]', 'CSV with the header timestamp,value')
    .option('--from-store <pool/signal>', 'replays what the store knows of a signal, instead of a trace')
    .requiredOption('--config <file>', 'configuration')
    .option('--policy <name>', 'forescale, reactive, target, holt-winters, schedule, static or oracle', 'forescale')
    .option('--pool <name>', 'which pool of the configuration; the first by default')
    .option('--seed <number>', 'seed of everything random', '1')
    .option('--history <share>', 'share of the trace that is only history', '0.5')
    .option('--create-failures <share>', 'share of the creations that the cloud refuses; else as configured')
    .option('--spot-reclaims <share>', 'share of the spot machines that are taken back in an hour; else as configured')
    .option('--json <file>', 'writes the summary as JSON ("-": to stdout)')
    .option('--timeline <file>', 'writes one row per scored step as CSV')
    .action(async (trace, options) => (await import('./commands/simulate.ts')).simulate(trace, options));
  program
    .command('rightsize')
    .description('which machines and which pod requests the observed load asks for, with the money')
    .requiredOption('--config <file>', 'configuration')
    .option('--pool <name>', 'only this pool')
    .option('--days <days>', 'how far to look back', '14')
    .option('--margin <share>', 'on top of what was observed', '0.15')
    .option('--json <file>', 'writes the result as JSON ("-": to stdout)')
    .action(async (options) => (await import('./commands/rightsize.ts')).rightsizeNow(options));
  program
    .command('import')
    .description('fills the store with history, so that the first day is not blind')
    .option('--csv <file>', 'CSV with the header timestamp,value')
    .option('--prometheus <url>', 'a server that answers /api/v1/query_range')
    .option('--query <promql>', 'what to ask it for: one series, such as sum(rate(requests_total[5m]))')
    .option('--days <days>', 'how many days back; 28 by default')
    .option('--step <duration>', "distance of two samples; the signal's interval by default")
    .option('--token-file <file>', 'file with the bearer token of the server')
    .option('--username <name>', 'user of the server, with --password-file')
    .option('--password-file <file>', "file with the user's password")
    .option('--ca-file <file>', "file with the authority of the server's certificate")
    .option('--config <file>', 'configuration, which says where the store is; by default data/forescale.db')
    .option('--pool <name>', 'the pool; the first by default')
    .option('--signal <name>', "the signal; the pool's own by default")
    .option('--source <name>', 'who measured it', 'import')
    .action(async (options) => (await import('./commands/import.ts')).importHistory(options, signal));
  program
    .command('demo')
    .description('a simulated cluster under a replayed load, with the page, on this machine alone')
    .option('--trace <file>', 'replays a recorded load instead of the generated one')
    .option('--days <days>', 'how many days at the end are replayed; what is before is history', '3')
    .option('--once', 'ends by itself with a summary')
    .option('--seed <number>', 'seed of everything random', '1')
    .option('--port <port>', 'port of the page', '8080')
    .option('--speed <minutes>', 'simulated minutes per second; 0: as fast as possible')
    .option(
      '--config <file>',
      'the services run elsewhere, with this configuration: only the cluster and its load are here',
    )
    .option('--cluster <host:port>', 'with --config: where the cluster listens; 127.0.0.1:8090 by default')
    .option('--json <file>', 'writes the summary as JSON ("-": to stdout)')
    .action(async (options) => (await import('./demo/demo.ts')).demo(options, signal));
  return program;
}

/** What changes a running actuator: asked over NATS where that is the bus, else over HTTP with its token. */
function addSteering(program: Command): void {
  const steering = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<pool>', 'pool of the configuration')
      .requiredOption('--config <file>', 'configuration, which says where the actuator is')
      .option('--by <name>', 'who asks; the user of this machine by default')
      .option('--url <url>', 'the actuator, where it is not at the address of the configuration')
      .option('--token-file <file>', 'file with the bearer token; that of the configuration by default')
      .option('--json <file>', 'writes the answer as JSON ("-": to stdout)');
  const timed = (command: Command) =>
    command
      .requiredOption('--why <text>', 'the reason, for whoever wonders')
      .option('--for <duration>', 'how long, such as 30m; 1h by default, 31d at most')
      .option('--until <time>', 'until when, such as 2026-11-26T18:00:00Z');
  timed(steering('pause', 'nothing is created and nothing removed for a while')).action(async (pool, options) =>
    (await import('./commands/override.ts')).pause(pool, options),
  );
  steering('resume', 'ends a pause')
    .option('--why <text>', 'the reason')
    .action(async (pool, options) => (await import('./commands/override.ts')).resume(pool, options));
  timed(steering('override', 'other bounds for a while'))
    .option('--min <nodes>', 'at least so many')
    .option('--max <nodes>', 'at most so many')
    .option('--clear', 'the bounds of the configuration again')
    .action(async (pool, options) => (await import('./commands/override.ts')).overrideBounds(pool, options));
}
