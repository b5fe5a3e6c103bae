/**
 * Escapes what is not ASCII, which stands in strings alone: V8 then keeps and reads the module with one octet a character instead of
 * two. An escape in `String.raw` would be another text, so there it fails the build.
 */
export function asciiModule() {
  return {
    name: 'ascii-module',
    transform(code, id) {
      if (/String\.raw`[^`]*[^\0-\x7f]/.test(code))
        throw new Error(`${id}: String.raw with other characters than ASCII`);
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === 'chunk' && chunk.fileName.endsWith('.mjs'))
            chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escaped);
        }
      },
    },
  };
}

function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
