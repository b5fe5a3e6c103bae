import { z } from 'zod';

/** One setting of a process, as its schema describes it. */
export interface Setting {
  /** Where it stands in the configuration object and file. */
  readonly path: readonly string[];
  /** The environment variable that sets it: TOUCHMARK_ and the path, or the schema's own `meta({ env })`. */
  readonly variable: string;
  /** How the variable's text is read. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'json';
  readonly required: boolean;
  readonly default?: unknown;
  readonly description?: string;
  /** Set by `meta({ secret: true })`: never printed. */
  readonly secret: boolean;
}

const PREFIX = 'TOUCHMARK';

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly description?: string;
  readonly env?: string;
  readonly secret?: boolean;
}

const Node: z.ZodType<SchemaNode> = z.looseObject({
  type: z.string().optional(),
  get properties() {
    return z.record(z.string(), Node).optional();
  },
  required: z.array(z.string()).optional(),
  get items() {
    return Node.optional();
  },
  description: z.string().optional(),
  env: z.string().optional(),
  secret: z.boolean().optional(),
});

/** Every setting of a configuration schema, in its order: what a reference prints and what the environment may set. */
export function describeConfig(schema: z.ZodType): Setting[] {
  return [...leaves(Node.parse(configSchemaJson(schema)), [], true)];
}

/** The schema as JSON Schema (draft 2020-12), for `--print-config-schema` and editors. */
export function configSchemaJson(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', reused: 'inline' });
}

function* leaves(node: SchemaNode, path: readonly string[], required: boolean): Generator<Setting> {
  if (node.properties) {
    for (const [name, child] of Object.entries(node.properties)) {
      yield* leaves(child, [...path, name], required && (node.required ?? []).includes(name));
    }
    return;
  }
  yield {
    path,
    variable: node.env ?? [PREFIX, ...path.map(screaming)].join('_'),
    kind: kindOf(node),
    required,
    default: node.default,
    description: node.description,
    secret: node.secret ?? false,
  };
}

/** `publicHttpUrl` → `PUBLIC_HTTP_URL` */
const screaming = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();

function kindOf({ type = 'string', items }: SchemaNode): Setting['kind'] {
  switch (type) {
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return items?.type === 'string' ? 'list' : 'json';
    case 'object':
      return 'json';
    default:
      return 'text';
  }
}
