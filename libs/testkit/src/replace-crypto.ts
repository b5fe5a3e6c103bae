import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

type Replaced = Readonly<Record<string, (...given: never[]) => unknown>>;

/**
 * Calls `work` while node:crypto has other functions for everybody, those of `replacement`, which gets the real ones. Not a mock of the
 * module: that would stay behind in modules that other tests share.
 */
export function withCrypto<T>(replacement: (real: Readonly<typeof crypto>) => Replaced, work: () => T): T {
  const real = { ...crypto };
  const replaced = replacement(real);
  Object.assign(crypto, replaced);
  syncBuiltinESMExports();
  try {
    return work();
  } finally {
    for (const name of Object.keys(replaced)) Reflect.set(crypto, name, Reflect.get(real, name));
    syncBuiltinESMExports();
  }
}

/** As node:crypto behaves over an OpenSSL before 3.5, which cannot decode ML-DSA keys. */
export function withoutMlDsa<T>(work: () => T): T {
  return withCrypto(
    (real) => ({
      createPublicKey: (key: Parameters<typeof real.createPublicKey>[0]) => {
        const decoded = real.createPublicKey(key);
        if (decoded.asymmetricKeyType?.startsWith('ml-dsa')) throw new Error('unsupported');
        return decoded;
      },
    }),
    work,
  );
}
