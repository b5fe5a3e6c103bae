/** The URLs that certificates of a list carry. The responder serves them under these paths; a list keeps the ones it opened with. */
export interface PublicationUrls {
  readonly crlUri: string;
  readonly ocspUri: string;
  readonly caIssuersUri: string;
}

/** `base`: without a slash at its end. */
export function publicationUrls(base: string, listId: number, authorityId: string): PublicationUrls {
  return {
    crlUri: `${base}/crl/${listId}.crl`,
    ocspUri: `${base}/ocsp`,
    caIssuersUri: `${base}/ca/${authorityId}.cer`,
  };
}

/** The URI that a list's Status List Token names as its subject. */
export const statusListUri = (base: string, listId: number): string => `${base}/status-lists/${listId}`;
