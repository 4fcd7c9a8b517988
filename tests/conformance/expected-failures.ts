/**
 * Tests of s3-tests that fail without an answer of 501, or for one that S3 gives as well, and why they may. Reasons that
 * say what S3 does follow its documentation or traces of it.
 */

const CLIENT_SIGNS =
  'the client signs and measures what the test has taken away, so the request is a good one';
const BAD_CHECKSUM =
  'S3 answers InvalidRequest to a checksum that is none of the algorithm; BadDigest is a wrong one';
const DOTS_AND_HYPHENS = 'S3 forbids two periods side by side, not a period beside a hyphen';
const IF_NONE_MATCH = 'S3 takes no other If-None-Match than * on a write, and answers 501 too';

const COMPOSITE_WITHOUT_COUNT =
  'GetObjectAttributes tells a composite checksum without the number of parts, as S3 does';
const NO_SUCH_PART = 'S3 answers 416 InvalidPartNumber to a part that the object does not have';
const PART_CHECKSUMS =
  'S3 completes an upload with a composite checksum only from a list that has the checksum of each part';

const IF_MATCH_ON_NOTHING = 'S3 answers 404 to a delete whose If-Match names an object that is not there';
const MARKER_IS_NOTHING =
  'size and time hold of what is not there, and a delete marker is nothing: S3 has these conditions for directory ' +
  'buckets only, which have no versions';

/** In scope: the suite asks for what S3 does not do, or what is refused on purpose. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  test_bucket_create_bad_authorization_empty: CLIENT_SIGNS,
  test_bucket_create_bad_authorization_none: CLIENT_SIGNS,
  test_bucket_create_naming_dns_dash_dot: DOTS_AND_HYPHENS,
  test_bucket_create_naming_dns_dot_dash: DOTS_AND_HYPHENS,
  test_bucket_list_prefix_unreadable:
    'S3 encodes the Prefix that it repeats, and boto3 does not decode that one',
  test_bucket_listv2_continuationtoken_empty: 'S3 answers InvalidArgument to an empty continuation token',
  test_delete_marker_nonversioned: 'S3 sends x-amz-delete-marker only when it is true',
  test_delete_object_current_if_match: IF_MATCH_ON_NOTHING,
  test_delete_object_current_if_match_last_modified_time: MARKER_IS_NOTHING,
  test_delete_object_current_if_match_size: MARKER_IS_NOTHING,
  test_delete_object_if_match: IF_MATCH_ON_NOTHING,
  test_delete_object_version_if_match: IF_MATCH_ON_NOTHING,
  test_delete_objects_current_if_match: IF_MATCH_ON_NOTHING,
  test_delete_objects_current_if_match_last_modified_time: MARKER_IS_NOTHING,
  test_delete_objects_current_if_match_size: MARKER_IS_NOTHING,
  test_get_multipart_checksum_object_attributes: PART_CHECKSUMS,
  test_list_buckets_anonymous:
    'nothing is open to anonymous requests; S3 does not list its buckets to them either',
  test_multipart_checksum_sha256: PART_CHECKSUMS,
  test_multipart_copy_invalid_range:
    'S3 answers InvalidRequest to a range that begins beyond the source, InvalidArgument to one that ends there',
  test_multipart_get_part: NO_SUCH_PART,
  test_multipart_put_current_object_if_match: IF_NONE_MATCH,
  test_multipart_put_current_object_if_none_match: IF_NONE_MATCH,
  test_multipart_put_object_if_match: IF_NONE_MATCH,
  test_multipart_resend_first_finishes_last:
    'the list of parts names part 1 twice, which is no ascending order',
  test_multipart_single_get_part: NO_SUCH_PART,
  test_multipart_upload_empty: 'S3 answers InvalidRequest to an empty body: at least one part is to be named',
  test_multipart_use_cksum_helper_sha1: COMPOSITE_WITHOUT_COUNT,
  test_multipart_use_cksum_helper_sha256: COMPOSITE_WITHOUT_COUNT,
  test_non_multipart_get_part: NO_SUCH_PART,
  test_object_checksum_crc64nvme: BAD_CHECKSUM,
  test_object_checksum_sha256: BAD_CHECKSUM,
  test_object_create_bad_authorization_empty: CLIENT_SIGNS,
  test_object_create_bad_authorization_none: CLIENT_SIGNS,
  test_object_create_bad_contentlength_none: CLIENT_SIGNS,
  test_object_raw_put_authenticated_expired:
    'S3 answers 400 AuthorizationQueryParametersError to a negative X-Amz-Expires',
  test_object_read_unreadable: 'the key is valid UTF-8 once the client has encoded it',
  test_object_set_get_unicode_metadata:
    'metadata comes back byte for byte; the client sends UTF-8 and reads Latin-1',
  test_object_write_with_chunked_transfer_encoding:
    'S3 does not take a body in HTTP chunks without aws-chunked framing, and answers 501 too',
  test_put_current_object_if_match: IF_NONE_MATCH,
  test_put_current_object_if_none_match: IF_NONE_MATCH,
  test_put_excess_tags: 'S3 answers BadRequest to more than 10 tags',
  test_put_obj_with_tags: 'tags come back in the order in which they were sent; the suite sorts them',
  test_put_object_current_if_match: IF_NONE_MATCH,
  test_put_object_if_match: IF_NONE_MATCH,
  test_put_object_ifnonmatch_failed: IF_NONE_MATCH,
  test_put_object_ifnonmatch_good: IF_NONE_MATCH,
};

export interface ExpectedFailures {
  /** Reasons, by the name of the test. */
  readonly deviations: ReadonlyMap<string, string>;
}

export const EXPECTED_FAILURES: ExpectedFailures = {
  deviations: new Map(Object.entries(DEVIATIONS)),
};
