import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { messageOf, UsageError } from './errors.ts';
import { nearest } from './nearest.ts';

type Path = readonly PropertyKey[];

/** What a file says, and where. */
export interface Parsed<T> {
  readonly value: T;
  /** `file:line:column path` of a path, or of its deepest part that is written down. */
  readonly at: (path: Path) => string;
}

/**
 * Reads a YAML (or JSON) file by a schema, once, at the edge.
 *
 * @param file named in the errors
 * @throws UsageError `INVALID_CONFIG`: one line for each thing that is wrong, `file:line:column path: what it is, what it should
 *   be`, unknown keys with the nearest known one
 */
export function parseYamlWithPlaces<S extends z.ZodType>(text: string, file: string, schema: S): Parsed<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors.map(({ pos, message }) => ({ offset: pos[0], text: message })), ...danglingAliases(document)];
  const syntax = problems.map(({ offset, text }) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col} ${text}`;
  });
  if (syntax.length > 0) throw new UsageError('INVALID_CONFIG', syntax.join('\n'));
  const value = plain(document, file);
  const result = schema.safeParse(value ?? {});
  if (result.success) return { value: result.data, at: (path) => `${file}:${where(document, lines, path)} ${pathText(path)}` };
  const messages = result.error.issues
    .flatMap((issue) => describe(issue, schema, value))
    .map(({ path, text }) => `${file}:${where(document, lines, path)} ${text}`);
  throw new UsageError('INVALID_CONFIG', messages.join('\n'));
}

/** The same, where nobody asks later where a thing stood. */
export const parseYaml = <S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> =>
  parseYamlWithPlaces(text, file, schema).value;

/** `*` begins the name of an anchor: who means a star has to quote it. */
function danglingAliases(document: Document): { offset: number; text: string }[] {
  const found: { offset: number; text: string }[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (!alias.resolve(document))
        found.push({
          offset: alias.range?.[0] ?? 0,
          text: `*${alias.source}: there is no anchor &${alias.source} before it; quote a text that begins with *`,
        });
    },
  });
  return found;
}

function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (cause) {
    throw new UsageError(
      'INVALID_CONFIG',
      `${file}: its anchors and aliases cannot be followed (${messageOf(cause)}); write out what they stand for`,
      { cause },
    );
  }
}

interface Problem {
  readonly path: Path;
  readonly text: string;
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), issue.path);
    return issue.keys.map((key) => {
      const close = nearest(key, known);
      const fix = close ? `did you mean "${close}"?` : `known here: ${known.join(', ')}`;
      return { path: [...issue.path, key], text: `${pathText([...issue.path, key])}: unknown key; ${fix}` };
    });
  }
  const got = valueAt(value, issue.path);
  const shown = got === undefined || typeof got === 'object' ? '' : ` (got ${JSON.stringify(got)})`;
  return [{ path: issue.path, text: `${pathText(issue.path) || 'the file'}: ${issue.message}${shown}` }];
}

const pathText = (path: Path): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** Line and column of the path, or of its deepest part that exists. */
function where(document: Document, lines: LineCounter, path: Path): string {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return `${line}:${col}`;
    }
  }
  return '1:1';
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The keys that the schema knows at a path; through unions, the keys of all branches. */
function keysAt(schema: unknown, path: Path): string[] {
  let here = [schema as JsonSchema];
  for (const key of path) {
    here = here.flatMap(branches).flatMap((branch) => {
      if (typeof key === 'number') return branch.items ? [branch.items] : [];
      const property = branch.properties?.[String(key)] ?? branch.additionalProperties;
      return property && typeof property === 'object' ? [property] : [];
    });
  }
  return [...new Set(here.flatMap(branches).flatMap((branch) => Object.keys(branch.properties ?? {})))];
}

const branches = (schema: JsonSchema): JsonSchema[] => [schema, ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(branches)];
