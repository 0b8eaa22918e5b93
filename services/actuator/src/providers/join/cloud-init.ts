import { Scalar, stringify } from 'yaml';

/** A file on the new machine. Only root reads it. */
export interface MachineFile {
  readonly path: string;
  readonly content: string;
  readonly runs?: boolean;
}

/** Stands in a file where the provider id belongs, which only the machine can tell. */
export const PROVIDER_ID = '__FORESCALE_PROVIDER_ID__';

/** The same of the node's name, where the machine is told it elsewhere. */
export const NODE_NAME = '__FORESCALE_NODE_NAME__';

/** Lines of shell that print on the machine what only the machine can tell; null: it is not asked. */
export interface AskedOfMachine {
  readonly providerId: string | null;
  readonly nodeName: string | null;
}

/**
 * A cloud-init document that writes the files and then runs the script, once in the machine's life. Every text is quoted,
 * or a literal block: cloud-init reads YAML 1.1, where plain `on`, `n` and `1:30` are something else.
 */
export function cloudConfig(files: readonly MachineFile[], script: MachineFile): string {
  const document = {
    write_files: [...files, { ...script, runs: true }].map(({ path, content, runs = false }) => ({
      path,
      owner: 'root:root',
      permissions: runs ? '0700' : '0600',
      content: literal(content),
    })),
    runcmd: [['/bin/sh', script.path]],
  };
  return `#cloud-config\n${quotedYaml(document)}`;
}

/** The same in every version of YAML. */
export function quotedYaml(document: unknown): string {
  return stringify(document, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 });
}

/** A file as it reads, for whoever looks at the user data of a machine that does not join. */
function literal(content: string): Scalar {
  const scalar = new Scalar(content);
  scalar.type = Scalar.BLOCK_LITERAL;
  return scalar;
}

/** The text as one word of a shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Shell that asks for what only the machine can tell until there is an answer, then writes it into `file`. A machine that
 * cannot tell it does not join: a node that registers without has another id, or name, for ever.
 */
export function askedScript({ providerId, nodeName }: AskedOfMachine, file: string): string {
  return [
    providerId === null ? '' : askScript(providerId, PROVIDER_ID, 'provider id', file),
    nodeName === null ? '' : askScript(nodeName, NODE_NAME, 'name', file),
  ].join('');
}

function askScript(command: string, placeholder: string, what: string, file: string): string {
  return `answer=
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
  answer="$(${command})" || answer=
  [ -n "$answer" ] && break
  sleep 5
done
case "$answer" in
  *[!A-Za-z0-9:/._-]* | '') echo 'forescale: the machine cannot tell its ${what}: it does not join' >&2; exit 1 ;;
esac
sed -i "s|${placeholder}|$answer|" ${file}
`;
}
