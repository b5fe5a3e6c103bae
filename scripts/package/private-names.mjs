import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * Names that the sources use for private members of classes and for nothing else: they are declared `private`, reached by `this` alone,
 * and stand in no object, type, pattern or string. So nothing outside can see them, and the build may shorten them.
 */
export function privateNames(root) {
  const own = new Set();
  const others = new Set();
  const files = globSync('libs/{der,x509,status-list,verifier}/src/**/*.ts', { cwd: root, withFileTypes: true });
  for (const { parentPath, name } of files) {
    if (!name.endsWith('.spec.ts')) collect(`${parentPath}/${name}`, own, others);
  }
  return [...own].filter((name) => !others.has(name));
}

function collect(file, own, others) {
  const visit = (node) => {
    if (isPrivateMember(node)) own.add(node.name.text);
    else if (isOtherUse(node)) others.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
}

function isPrivateMember(node) {
  return (
    ts.isClassElement(node) &&
    node.name !== undefined &&
    ts.isIdentifier(node.name) &&
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0
  );
}

// Everything with a text that is a name or may become one, but for the private member itself, `this.` before it, and variables.
function isOtherUse(node) {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) return true;
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.kind !== ts.SyntaxKind.ThisKeyword;
  if (isPrivateMember(parent) && parent.name === node) return false;
  if (ts.isBindingElement(parent)) return parent.propertyName === node || parent.propertyName === undefined;
  return (
    parent.name === node && (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isObjectLiteralElement(parent))
  );
}
