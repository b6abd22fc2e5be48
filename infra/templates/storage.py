"""The resources stack: what outlives every deployment. Tables, the bucket for what is too big, the dead letters."""

from typing import Any

from infra import description
from infra.stage import Stage, arn, bucket_name
from infra.templates import tables
from infra.templates.document import Document, Resources, logical, resource, tags


def document(stage: Stage) -> Document:
    models = description.tables()
    nouns = dict(zip(models, description.table_nouns(), strict=True))
    made = tables.resources(models, stage, nouns) | _queues(stage) | _buckets(stage)
    return Document(f"Homeport {stage.name}: what keeps data", made, parameters=tables.PARAMETERS)


def _queues(stage: Stage) -> Resources:
    return {
        logical(queue.name, "queue"): resource(
            "AWS::SQS::Queue",
            {
                "QueueName": stage.called(queue.name),
                "MessageRetentionPeriod": queue.keeps,
                "VisibilityTimeout": queue.hides,
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": _redrive(queue, stage),
                "Tags": tags(stage.name, stage.app),
            },
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Retain",
        )
        for queue in description.queues()
    }


def _redrive(queue: description.Queue, stage: Stage) -> dict[str, Any] | None:
    if queue.dead_letter is None:
        return None
    return {"deadLetterTargetArn": arn("sqs", stage.called(queue.dead_letter)), "maxReceiveCount": queue.tries}


def _buckets(stage: Stage) -> Resources:
    made: Resources = {}
    for noun in description.buckets():
        made[logical(noun, "bucket")] = _bucket(noun, stage)
        made[logical(noun, "bucket", "policy")] = _encrypted_transport(noun)
    return made


def _bucket(noun: str, stage: Stage) -> dict[str, Any]:
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    expiry = {"Id": "messages", "Status": "Enabled", "Prefix": "messages/", "ExpirationInDays": 366}
    dumps = {"Id": "dumps", "Status": "Enabled", "Prefix": "dumps/", "ExpirationInDays": 31}
    leftovers = {"Id": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    old = {"Id": "versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 35}}
    return resource(
        "AWS::S3::Bucket",
        {
            "BucketName": bucket_name(stage, noun),
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": [expiry, dumps, leftovers, old]},
            "Tags": tags(stage.name, stage.app),
        },
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
    )


def _encrypted_transport(noun: str) -> dict[str, Any]:
    bucket = logical(noun, "bucket")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document_ = {"Version": "2012-10-17", "Statement": [statement]}
    return resource("AWS::S3::BucketPolicy", {"Bucket": {"Ref": bucket}, "PolicyDocument": document_})
