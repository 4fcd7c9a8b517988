/** The groups that the suite's tests are told in: by the suite's own markers first, then by the words of their names. */

export interface Grouped {
  readonly name: string;
  readonly file: string;
  readonly markers: readonly string[];
}

/** The first that fits counts: a test of copies that is about encryption is one of encryption. */
const GROUPS: readonly { readonly group: string; readonly fits: (test: Grouped) => boolean }[] = [
  { group: 'headers', fits: ({ file }) => file.endsWith('test_headers.py') },
  { group: 'bucket logging', fits: by(/^(bucket_logging|target_by_bucket)/, /bucket_logging/) },
  { group: 'encryption', fits: by(/^(encryption|sse_s3|bucket_encryption)$/, /_sse_|encrypt/) },
  { group: 'cloud tiers', fits: by(/^cloud_/, /_cloud_/) },
  { group: 'lifecycle', fits: by(/^lifecycle/, /^test_lifecycle/) },
  { group: 'object lock', fits: by(/^object_lock$/, /object_lock/) },
  { group: 'policies', fits: by(/^bucket_policy$/, /polic(y|ies)|block_public|public_?block/) },
  { group: 'ownership', fits: by(/^object_ownership$/, /ownership/) },
  { group: 'browser uploads (POST)', fits: by(/^$/, /^test_post_object/) },
  { group: 'CORS', fits: by(/^$/, /cors/) },
  { group: 'websites', fits: by(/^s3website/, /website/) },
  { group: 'ACLs', fits: by(/^$/, /acl|_anon|access_bucket|public/) },
  { group: 'conditional writes', fits: by(/^conditional_write$/, /if_?none_?match|if_?match|ifnonmatch/) },
  { group: 'checksums', fits: by(/^checksum$/, /checksum|cksum/) },
  { group: 'tagging', fits: by(/^tagging$/, /tag/) },
  { group: 'multipart', fits: by(/^$/, /multipart/) },
  { group: 'copy', fits: by(/^copy$/, /copy/) },
  { group: 'versioning', fits: by(/^(versioning|delete_marker)$/, /version|delete_marker/) },
  { group: 'listings', fits: by(/^list_objects_v2$/, /bucket_list|_list_/) },
  {
    group: 'buckets',
    fits: by(/^$/, /^test_(bucket|list_buckets|create_bucket|head_bucket|get_bucket|delete_bucket)/),
  },
  { group: 'objects', fits: () => true },
];

function by(marker: RegExp, name: RegExp): (test: Grouped) => boolean {
  return (test) => name.test(test.name) || test.markers.some((own) => marker.test(own));
}

export function groupOf(test: Grouped): string {
  return GROUPS.find(({ fits }) => fits(test))?.group ?? '';
}

export const GROUP_NAMES: readonly string[] = GROUPS.map(({ group }) => group);
