// A member with its comment, as the declarations are printed: four spaces to a level, one member to a statement.
const PRIVATE_MEMBER = /^( +)(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/\n\1)?private (?!constructor)[^\n]*;\n/gm;

/**
 * Leaves out of the declarations what nobody can use: private members. Of classes that have some, one nameless one stays, so that
 * nothing but the class itself is taken for it.
 */
export function publicTypes() {
  return {
    name: 'public-types',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === 'chunk' && chunk.fileName.endsWith('.d.mts')) chunk.code = withoutPrivate(chunk.code);
        }
      },
    },
  };
}

function withoutPrivate(code) {
  return code.replaceAll(/^(?:declare )?class [^]*?^\}$/gm, (declaration) => {
    const open = declaration.replaceAll(PRIVATE_MEMBER, '');
    return open === declaration ? declaration : open.replace(/\{\n/, '{\n  #private;\n');
  });
}
