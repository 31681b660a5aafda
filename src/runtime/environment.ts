import { UsageError } from '../core/errors.ts';

/**
 * Replaces `${NAME}` by the environment variable, outside comments. Secrets live there and never in the file.
 *
 * @throws UsageError `MISSING_ENVIRONMENT` that names the variable, the file and the line
 */
export function fillEnvironment(text: string, file: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text
    .split('\n')
    .map((line, i) =>
      /^\s*#/.test(line)
        ? line
        : line.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
            const value = environment[name];
            if (value === undefined)
              throw new UsageError(
                'MISSING_ENVIRONMENT',
                `${file}:${i + 1} \${${name}}: the environment variable is not set; export ${name}=... before the start`,
              );
            return JSON.stringify(value).slice(1, -1);
          }),
    )
    .join('\n');
}
