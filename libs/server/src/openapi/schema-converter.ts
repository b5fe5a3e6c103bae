import type { SwaggerDocumentOptions } from '@nestjs/swagger';
import { z } from 'zod';

type Converter = NonNullable<SwaggerDocumentOptions['standardSchemaConverter']>;
type Direction = 'input' | 'output';
type JsonObject = Record<string, unknown>;

/**
 * zod schemas as JSON Schema 2020-12, the dialect of OpenAPI 3.1; @nestjs/swagger by itself writes that of 3.0.
 * A schema with `meta({ id })` becomes a component of that name. Where what is sent and what is answered differ (a
 * default may be left out of a request, never of an answer), the request's form is called `<id>Input`.
 */
export const convertSchema: Converter = (schema, { schemaType }) => {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema: _dialect, $defs, ...converted } = toJson(schema, schemaType);
  const definitions = isObject($defs) ? $defs : {};
  const names = new Map(Object.keys(definitions).map((id) => [id, componentName(schema, id, schemaType)]));
  const components = Object.entries(definitions).map(([id, definition]) => [
    names.get(id) ?? id,
    renameReferences(definition, names),
  ]);
  return { schema: renameReferences(converted, names), components: Object.fromEntries(components) };
};

function toJson(schema: z.ZodType, io: Direction): JsonObject {
  return { ...z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) };
}

function componentName(schema: z.ZodType, id: string, direction: Direction): string {
  if (direction === 'output') return id;
  const [input, output] = (['input', 'output'] as const).map((io) => {
    const { $defs } = toJson(schema, io);
    return JSON.stringify($defs);
  });
  return input === output ? id : `${id}Input`;
}

function renameReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, names));
  if (!isObject(value)) return value;
  const renamed = Object.entries(value).map(([key, member]) => {
    if (key === '$ref' && typeof member === 'string') {
      const id = member.replace('#/$defs/', '');
      return [key, `#/components/schemas/${names.get(id) ?? id}`];
    }
    return [key, renameReferences(member, names)];
  });
  return Object.fromEntries(renamed);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
