import { stringify } from 'yaml';

/** A file on the new machine. Only root reads it. */
export interface MachineFile {
  readonly path: string;
  readonly content: string;
  readonly runs?: boolean;
}

/** Stands in a file where the provider id belongs, which only the machine can tell. */
export const PROVIDER_ID = '__FORESCALE_PROVIDER_ID__';

/**
 * A cloud-init document that writes the files and then runs the script, once in the machine's life. Every text is in double quotes:
 * cloud-init reads YAML 1.1, where plain `on`, `n` and `1:30` are something else.
 */
export function cloudConfig(files: readonly MachineFile[], script: MachineFile): string {
  const document = {
    write_files: [...files, { ...script, runs: true }].map(({ path, content, runs = false }) => ({
      path,
      owner: 'root:root',
      permissions: runs ? '0700' : '0600',
      content,
    })),
    runcmd: [[script.path]],
  };
  return `#cloud-config\n${quotedYaml(document)}`;
}

/** The same in every version of YAML. */
export function quotedYaml(document: unknown): string {
  return stringify(document, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 });
}

/** The text as one word of a shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Shell that asks for the provider id until there is one, then writes it into `file`. A machine that cannot tell its id
 * does not join: a node that registers without has another one for ever.
 */
export function providerIdScript(command: string, file: string): string {
  return `provider_id=
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
  provider_id="$(${command})" || provider_id=
  [ -n "$provider_id" ] && break
  sleep 5
done
case "$provider_id" in
  *[!A-Za-z0-9:/._-]* | '') echo 'forescale: the machine cannot tell its provider id: it does not join' >&2; exit 1 ;;
esac
sed -i "s|${PROVIDER_ID}|$provider_id|" ${file}
`;
}
