import { StandardSchemaValidationPipe } from '@nestjs/common';
import { type FieldError, ServerError } from '../errors/server-error.js';

/** Issues told to a client at once: enough to fix a form, not enough to be a burden. */
const MAX_ERRORS = 32;

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  /** zod's: the members that a strict object does not know. */
  readonly keys?: readonly string[];
}

/**
 * The pipe that checks every `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })`. Schemas are
 * `z.strictObject`, so an unknown field is an error. Throws VALIDATION_FAILED with a path for each fault.
 */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = fieldErrors(issues);
      return new ServerError('VALIDATION_FAILED', { errors }, errors.map(sentence).join('; '));
    },
  });
}

/** A Standard Schema's issues as paths and messages; an unknown field is named by its own path. */
export function fieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues
    .flatMap(({ path = [], keys, message }) => {
      const parent = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
      if (!keys) return [{ path: parent.join('.'), message }];
      return keys.map((key) => ({ path: [...parent, key].join('.'), message: 'unknown field' }));
    })
    .slice(0, MAX_ERRORS);
}

const sentence = ({ path, message }: FieldError): string => (path === '' ? message : `${path}: ${message}`);
