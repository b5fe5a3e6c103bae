/**
 * Arrays as statement parameters, in PostgreSQL's binary form (`array_send`). As text, which is what pg makes of a JavaScript array, a
 * batch of certificates is written as escaped hexadecimal digits and read back twice; in this form its octets are copied.
 * For a statement they are what an array in text is: `$1::bytea[]`, `unnest($2::uuid[])`.
 */

/** Object identifiers of the element types in pg_type. */
const TYPE = { boolean: 16, bytea: 17, bigint: 20, integer: 23, text: 25, uuid: 2950 } as const;
const HEADER = 20;
const EMPTY_HEADER = 12;

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return arrayOf(TYPE.bytea, values, (value) => value.length, put);
}

/** TypeError for what is no UUID. */
export function uuidArray(values: readonly (string | null)[]): Buffer {
  return arrayOf(
    TYPE.uuid,
    values,
    () => 16,
    (target, value, at) => {
      if (target.write(value.replaceAll('-', ''), at, 'hex') !== 16 || value.length !== 36)
        throw new TypeError('not a UUID in its usual form');
    },
  );
}

export function textArray(values: readonly (string | null)[]): Buffer {
  return arrayOf(
    TYPE.text,
    values,
    (value) => Buffer.byteLength(value),
    (target, value, at) => target.write(value, at),
  );
}

/** RangeError for what does not fit. */
export function integerArray(values: readonly (number | null)[]): Buffer {
  return arrayOf(
    TYPE.integer,
    values,
    () => 4,
    (target, value, at) => target.writeInt32BE(value, at),
  );
}

/** Whole numbers; RangeError for others. */
export function bigintArray(values: readonly (number | null)[]): Buffer {
  return arrayOf(
    TYPE.bigint,
    values,
    () => 8,
    (target, value, at) => target.writeBigInt64BE(BigInt(value), at),
  );
}

export function booleanArray(values: readonly (boolean | null)[]): Buffer {
  return arrayOf(
    TYPE.boolean,
    values,
    () => 1,
    (target, value, at) => target.writeUInt8(value ? 1 : 0, at),
  );
}

function put(target: Buffer, value: Uint8Array, at: number): void {
  target.set(value, at);
}

function arrayOf<T>(
  type: number,
  values: readonly (T | null)[],
  lengthOf: (value: T) => number,
  write: (target: Buffer, value: T, at: number) => unknown,
): Buffer {
  let size = values.length === 0 ? EMPTY_HEADER : HEADER;
  let hasNull = false;
  for (const value of values) {
    size += 4;
    if (value === null) hasNull = true;
    else size += lengthOf(value);
  }
  const target = Buffer.allocUnsafe(size);
  target.writeInt32BE(values.length === 0 ? 0 : 1, 0); // dimensions
  target.writeInt32BE(hasNull ? 1 : 0, 4);
  target.writeInt32BE(type, 8);
  if (values.length === 0) return target;
  target.writeInt32BE(values.length, 12);
  target.writeInt32BE(1, 16); // index of the first
  let at = HEADER;
  for (const value of values) {
    const length = value === null ? -1 : lengthOf(value);
    at = target.writeInt32BE(length, at);
    if (value === null) continue;
    write(target, value, at);
    at += length;
  }
  return target;
}
