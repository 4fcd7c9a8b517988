"""A pytest plugin for Ceph's s3-tests: how each test ended, and what it asked for that the server does not serve.

It is loaded beside the suite (`-p s3_tests_plugin`) and changes one thing of it, the cleaning between tests: the
suite asks for object locks to be bypassed, which are not served, and leaves buckets that a test has named itself.

CONFORMANCE_SHARE=2/4 runs the third of every four tests: several processes share the suite, each with users of its own.
"""

import http.client
import json
import os

import pytest
import s3tests.functional

SIGNATURE_2 = "Signature Version 2"

_results = open(os.environ["CONFORMANCE_RESULTS"], "a", encoding="utf-8")
_refused = []
_markers = {}


def _watch_answers():
    """Every client of the suite (boto3, requests, httplib2) ends in http.client."""
    connection = http.client.HTTPConnection
    putrequest, putheader, getresponse = connection.putrequest, connection.putheader, connection.getresponse

    def watched_putrequest(self, method, url, *rest, **named):
        self.conformance_request = f"{method} {url}"
        if "AWSAccessKeyId=" in url:
            _refused.append(SIGNATURE_2)
        return putrequest(self, method, url, *rest, **named)

    def watched_putheader(self, header, *values):
        value = values[0].encode() if isinstance(values[0], str) else values[0]
        if header == "Authorization" and value.startswith(b"AWS "):
            _refused.append(SIGNATURE_2)
        return putheader(self, header, *values)

    def watched_getresponse(self, *rest, **named):
        response = getresponse(self, *rest, **named)
        if response.status == 501:
            _refused.append(self.conformance_request)
        return response

    connection.putrequest, connection.putheader, connection.getresponse = (
        watched_putrequest,
        watched_putheader,
        watched_getresponse,
    )


def _delete_all_buckets(prefix, client=None):
    client = client or s3tests.functional.get_client()
    for bucket in [one["Name"] for one in client.list_buckets()["Buckets"]]:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = page.get("Versions", []) + page.get("DeleteMarkers", [])
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
            if objects:
                client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        client.delete_bucket(Bucket=bucket)


def pytest_configure():
    _watch_answers()
    s3tests.functional.nuke_prefixed_buckets = _delete_all_buckets


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    share, shares = (int(number) for number in os.environ["CONFORMANCE_SHARE"].split("/"))
    others = [item for index, item in enumerate(items) if index % shares != share]
    items[:] = [item for index, item in enumerate(items) if index % shares == share]
    config.hook.pytest_deselected(items=others)
    for item in items:
        _markers[item.nodeid] = sorted({marker.name for marker in item.iter_markers()})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _refused.clear()
    return (yield)


def pytest_runtest_logreport(report):
    if report.passed and report.when != "call":
        return
    if isinstance(report.longrepr, tuple):
        message = report.longrepr[2]
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else str(report.longrepr or "")
    _results.write(
        json.dumps(
            {
                "name": report.nodeid.split("::", 1)[-1],
                "file": report.nodeid.split("::", 1)[0],
                "markers": _markers.get(report.nodeid, []),
                "phase": report.when,
                "outcome": report.outcome,
                "message": message.split("\n", 1)[0],
                "refused": list(_refused),
            }
        )
        + "\n"
    )
    _results.flush()
