/** Who a request is from, by its `Touchmark-Identity`. */
export function deviceOf(
  header: string,
  options: { readonly infrastructure: string; readonly gateway: string; readonly audience: string },
): Promise<unknown>;
