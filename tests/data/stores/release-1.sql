BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('f0a92db4-72cc-4dd2-a98f-c25165366c67','wf-1',1795316579000,1795316579000,'replanner');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE deliveries (
	delivery TEXT NOT NULL, 
	events TEXT NOT NULL, 
	received_ms BIGINT NOT NULL, 
	taken_ms BIGINT, 
	PRIMARY KEY (delivery)
);
INSERT INTO "deliveries" VALUES('huggingface-0085e5dfc531a0ffbc58f1425646e6de683bfc6d','[{"kind":"model","model_id":"plain/gathered","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316578366,1795316579077);
INSERT INTO "deliveries" VALUES('huggingface-d26664364b596fb9435551262a63dfe68fcb4985','[{"kind":"model","model_id":"plain/done","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316579338,1795316579997);
INSERT INTO "deliveries" VALUES('huggingface-e492e10bdaebb5d4cca39fd612297692eedd0479','[{"kind":"model","model_id":"broken/letter","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316579350,1795316579997);
INSERT INTO "deliveries" VALUES('huggingface-368b8575f719ad87e735b5c3a1adbc09b20dfb13','[{"kind":"model","model_id":"slow/one","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316580353,1795316580409);
INSERT INTO "deliveries" VALUES('huggingface-c3f8b59a3080f0d8e88877db3ed9dd393d3bd31d','[{"kind":"model","model_id":"slow/another","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316580357,1795316580409);
INSERT INTO "deliveries" VALUES('huggingface-406ed7f9da62bdcd14ace435dccb8213b12e22da','[{"kind":"model","model_id":"away/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316580568,1795316580615);
INSERT INTO "deliveries" VALUES('huggingface-7c0c16987e1b75ce5ca93ff9736e60373a447ba7','[{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316580573,1795316580615);
INSERT INTO "deliveries" VALUES('huggingface-16f968dd07ab87d575f2b91e1a78b8c8a8b276aa','[{"kind":"model","model_id":"urgent/in-the-inbox","revision":"main","commit":"000000000000000000000000000000000000000b"}]',1795316581105,NULL);
CREATE TABLE notes (
	name TEXT NOT NULL, 
	said TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "notes" VALUES('tables','1',1795316577402);
INSERT INTO "notes" VALUES('figures of worker 0','[[], [], []]',1795316580001);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
INSERT INTO "operation_outputs" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90',1,'find','{"targets":[{"kind":"update","key":"plain/gathered","repository":"acme/plain","payload":{"model":"plain/gathered","event":{"kind":"model","model_id":"plain/gathered","revision":"main","commit":"000000000000000000000000000000000000000b"}}}],"alone":[]}',NULL,NULL,1795316579284,1795316579287,'portable_json','replanner',1795316579000);
INSERT INTO "operation_outputs" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90',2,'DBOS.debounce_delayed_workflow','{"bounced_workflow_id":null,"holder_workflow_id":null,"holder_is_debounced":false,"holder_workflow_name":null,"holder_application_name":null}',NULL,NULL,1795316579292,1795316579297,'portable_json','replanner',1795316579000);
INSERT INTO "operation_outputs" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90',3,'coalesce',NULL,NULL,'f825e2e0-ac5c-41c5-ad35-ba3fe82ede90-3',1795316579299,1795316579302,NULL,'replanner',1795316579000);
INSERT INTO "operation_outputs" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab',1,'find','{"targets":[{"kind":"update","key":"plain/done","repository":"acme/plain","payload":{"model":"plain/done","event":{"kind":"model","model_id":"plain/done","revision":"main","commit":"000000000000000000000000000000000000000b"}}},{"kind":"update","key":"broken/letter","repository":"acme/broken","payload":{"model":"broken/letter","event":{"kind":"model","model_id":"broken/letter","revision":"main","commit":"000000000000000000000000000000000000000b"}}}],"alone":[]}',NULL,NULL,1795316580211,1795316580216,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab',2,'replan',NULL,NULL,'replan-076b738fd4cb5c6e4f67-a9b4f88e83397255f56a',1795316580220,1795316580222,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab',3,'replan',NULL,NULL,'replan-ae3a7f6e4423b9bfdd93-a9b4f88e83397255f56a',1795316580224,1795316580226,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('replan-ae3a7f6e4423b9bfdd93-a9b4f88e83397255f56a',1,'carry-out',NULL,'{"name":"JobFailed","message":"the profile is no profile.","code":null}',NULL,1795316580276,1795316580284,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('replan-076b738fd4cb5c6e4f67-a9b4f88e83397255f56a',1,'carry-out','[{"done":"plain/done"},0,""]',NULL,NULL,1795316580282,1795316580314,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7',1,'find','{"targets":[{"kind":"update","key":"slow/one","repository":"acme/slow","payload":{"model":"slow/one","event":{"kind":"model","model_id":"slow/one","revision":"main","commit":"000000000000000000000000000000000000000b"}}},{"kind":"update","key":"slow/another","repository":"acme/slow","payload":{"model":"slow/another","event":{"kind":"model","model_id":"slow/another","revision":"main","commit":"000000000000000000000000000000000000000b"}}}],"alone":[]}',NULL,NULL,1795316580433,1795316580436,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7',2,'replan',NULL,NULL,'replan-39edaac4e42192d792d3-8f0f62bb3d6bece8d872',1795316580438,1795316580440,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7',3,'replan',NULL,NULL,'replan-01ee84da080ed0afef73-8f0f62bb3d6bece8d872',1795316580442,1795316580443,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb',1,'find','{"targets":[],"alone":[[{"delivery":"huggingface-406ed7f9da62bdcd14ace435dccb8213b12e22da","events":[{"kind":"model","model_id":"away/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]},1,30,"ingest"],[{"delivery":"huggingface-7c0c16987e1b75ce5ca93ff9736e60373a447ba7","events":[{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]},0,0,"ingest"]]}',NULL,NULL,1795316580642,1795316580645,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb',2,'ingest',NULL,NULL,'074e3311-4d47-4d8f-b120-2d6222d4dafb-2',1795316580647,1795316580649,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb',3,'ingest',NULL,NULL,'074e3311-4d47-4d8f-b120-2d6222d4dafb-3',1795316580650,1795316580651,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-3',1,'find','{"targets":[{"kind":"update","key":"limited/asked-to-wait","repository":"acme/limited","payload":{"model":"limited/asked-to-wait","event":{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}}}],"alone":[]}',NULL,NULL,1795316580848,1795316580849,'portable_json','replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-3',2,'replan',NULL,NULL,'replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4',1795316580850,1795316580851,NULL,'replanner',1795316580000);
INSERT INTO "operation_outputs" VALUES('replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4',1,'carry-out','[null,30,"GitHub asked to come back later."]',NULL,NULL,1795316581065,1795316581067,'portable_json','replanner',1795316581000);
INSERT INTO "operation_outputs" VALUES('replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4',2,'replan',NULL,NULL,'replan-1c9f8e19a145fe4672e2-c8b36849dd9e9a89f8e1',1795316581069,1795316581071,NULL,'replanner',1795316581000);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('BE95ABB55AEF55C4EFEDA64E1143E7B8','ingest',NULL,32,NULL,NULL,1,0,0.2,1795316577000,1795316577405,'replanner',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('14CFED4502AFCFFE9990039E3A5A2E73','coalesce',NULL,32,NULL,NULL,1,0,0.2,1795316577000,1795316577412,'replanner',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('54F3F59282D06FDC7010FD4A3EAFC99A','suspects',NULL,1,NULL,NULL,1,0,1.0,1795316577000,1795316577415,'replanner',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('7699F135B88316B224580C6380D3471B','replan',NULL,2,NULL,NULL,1,1,0.25,1795316577000,1795316577417,'replanner',1,NULL,NULL,NULL);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-0085e5dfc531a0ffbc58f1425646e6de683bfc6d","events":[{"kind":"model","model_id":"plain/gathered","revision":"main","commit":"000000000000000000000000000000000000000b"}]}]]}',1795316579000);
INSERT INTO "workflow_input" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90-3','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"plain/gathered","repository":"acme/plain","payload":{"model":"plain/gathered","event":{"kind":"model","model_id":"plain/gathered","revision":"main","commit":"000000000000000000000000000000000000000b"}}}]}',1795316579000);
INSERT INTO "workflow_input" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-d26664364b596fb9435551262a63dfe68fcb4985","events":[{"kind":"model","model_id":"plain/done","revision":"main","commit":"000000000000000000000000000000000000000b"}]},{"delivery":"huggingface-e492e10bdaebb5d4cca39fd612297692eedd0479","events":[{"kind":"model","model_id":"broken/letter","revision":"main","commit":"000000000000000000000000000000000000000b"}]}]]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-076b738fd4cb5c6e4f67-a9b4f88e83397255f56a','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"plain/done","repository":"acme/plain","payload":{"model":"plain/done","event":{"kind":"model","model_id":"plain/done","revision":"main","commit":"000000000000000000000000000000000000000b"}}},0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-ae3a7f6e4423b9bfdd93-a9b4f88e83397255f56a','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"broken/letter","repository":"acme/broken","payload":{"model":"broken/letter","event":{"kind":"model","model_id":"broken/letter","revision":"main","commit":"000000000000000000000000000000000000000b"}}},0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-368b8575f719ad87e735b5c3a1adbc09b20dfb13","events":[{"kind":"model","model_id":"slow/one","revision":"main","commit":"000000000000000000000000000000000000000b"}]},{"delivery":"huggingface-c3f8b59a3080f0d8e88877db3ed9dd393d3bd31d","events":[{"kind":"model","model_id":"slow/another","revision":"main","commit":"000000000000000000000000000000000000000b"}]}]]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-39edaac4e42192d792d3-8f0f62bb3d6bece8d872','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"slow/one","repository":"acme/slow","payload":{"model":"slow/one","event":{"kind":"model","model_id":"slow/one","revision":"main","commit":"000000000000000000000000000000000000000b"}}},0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-01ee84da080ed0afef73-8f0f62bb3d6bece8d872','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"slow/another","repository":"acme/slow","payload":{"model":"slow/another","event":{"kind":"model","model_id":"slow/another","revision":"main","commit":"000000000000000000000000000000000000000b"}}},0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-406ed7f9da62bdcd14ace435dccb8213b12e22da","events":[{"kind":"model","model_id":"away/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]},{"delivery":"huggingface-7c0c16987e1b75ce5ca93ff9736e60373a447ba7","events":[{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]}]]}',1795316580000);
INSERT INTO "workflow_input" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-2','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-406ed7f9da62bdcd14ace435dccb8213b12e22da","events":[{"kind":"model","model_id":"away/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]}],1]}',1795316580000);
INSERT INTO "workflow_input" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-3','{"namedArgs":{},"positionalArgs":[[{"delivery":"huggingface-7c0c16987e1b75ce5ca93ff9736e60373a447ba7","events":[{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}]}],0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"limited/asked-to-wait","repository":"acme/limited","payload":{"model":"limited/asked-to-wait","event":{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}}},0]}',1795316580000);
INSERT INTO "workflow_input" VALUES('replan-1c9f8e19a145fe4672e2-c8b36849dd9e9a89f8e1','{"namedArgs":{},"positionalArgs":[{"kind":"update","key":"limited/asked-to-wait","repository":"acme/limited","payload":{"model":"limited/asked-to-wait","event":{"kind":"model","model_id":"limited/asked-to-wait","revision":"main","commit":"000000000000000000000000000000000000000b"}}},1]}',1795316581000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90','1',NULL,1795316579000);
INSERT INTO "workflow_output" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab','2',NULL,1795316580000);
INSERT INTO "workflow_output" VALUES('replan-ae3a7f6e4423b9bfdd93-a9b4f88e83397255f56a',NULL,'{"name":"JobFailed","message":"the profile is no profile.","code":null}',1795316580000);
INSERT INTO "workflow_output" VALUES('replan-076b738fd4cb5c6e4f67-a9b4f88e83397255f56a','{"done":"plain/done"}',NULL,1795316580000);
INSERT INTO "workflow_output" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7','2',NULL,1795316580000);
INSERT INTO "workflow_output" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb','0',NULL,1795316580000);
INSERT INTO "workflow_output" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-3','1',NULL,1795316580000);
INSERT INTO "workflow_output" VALUES('replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4','"GitHub asked to come back later."',NULL,1795316581000);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90','SUCCESS','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316579000,1795316579000,'wf-1',NULL,NULL,NULL,1,'ingest',NULL,NULL,NULL,1795316579000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1795316579000,'null',NULL,NULL,0,'replanner','95eab741-5a65-4eb8-bcaf-1ff1e633c304');
INSERT INTO "workflow_status" VALUES('f825e2e0-ac5c-41c5-ad35-ba3fe82ede90-3','DELAYED','coalesce',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316579000,1795316579000,'wf-1','',NULL,NULL,0,'coalesce',NULL,NULL,NULL,NULL,'coalesce-plain/gathered',0,NULL,NULL,NULL,'f825e2e0-ac5c-41c5-ad35-ba3fe82ede90','portable_json',1795316609299,0,0,NULL,'null',NULL,1795317029299,1,'replanner','7231660c-093f-4967-a9c6-a0ec4d598d58');
INSERT INTO "workflow_status" VALUES('669d1b23-1451-4bd9-a452-fceb75423dab','SUCCESS','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1',NULL,NULL,NULL,1,'ingest',NULL,NULL,NULL,1795316580000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','ea1568a0-66ad-46a2-8899-7ee5f6e7b3ff');
INSERT INTO "workflow_status" VALUES('replan-076b738fd4cb5c6e4f67-a9b4f88e83397255f56a','SUCCESS','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,1,'replan',NULL,NULL,NULL,1795316580000,NULL,0,'acme/plain',NULL,NULL,'669d1b23-1451-4bd9-a452-fceb75423dab','portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','cb74f2a4-ccc6-4b0b-ac13-1020589ffcd2');
INSERT INTO "workflow_status" VALUES('replan-ae3a7f6e4423b9bfdd93-a9b4f88e83397255f56a','ERROR','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,1,'replan',NULL,NULL,NULL,1795316580000,NULL,0,'acme/broken',NULL,NULL,'669d1b23-1451-4bd9-a452-fceb75423dab','portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','a43dbd88-beb0-40c2-8153-5130b3e08d66');
INSERT INTO "workflow_status" VALUES('9ad8ce94-1b31-4a61-a8ca-17706610cee7','SUCCESS','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1',NULL,NULL,NULL,1,'ingest',NULL,NULL,NULL,1795316580000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','3bc74ff1-3cc2-4db5-981c-dfadfeed8fd3');
INSERT INTO "workflow_status" VALUES('replan-39edaac4e42192d792d3-8f0f62bb3d6bece8d872','ENQUEUED','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,0,'replan',NULL,NULL,NULL,NULL,NULL,0,'acme/slow',NULL,NULL,'9ad8ce94-1b31-4a61-a8ca-17706610cee7','portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'replanner','11906f8f-d8d1-41ce-ac10-3f65c93d426e');
INSERT INTO "workflow_status" VALUES('replan-01ee84da080ed0afef73-8f0f62bb3d6bece8d872','PENDING','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,1,'replan',NULL,NULL,NULL,1795316580000,NULL,0,'acme/slow',NULL,'c7de9d22-be13-4fbe-b4a0-9efba33d6d07','9ad8ce94-1b31-4a61-a8ca-17706610cee7','portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'replanner','64450947-3128-4519-856e-29799025c44c');
INSERT INTO "workflow_status" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb','SUCCESS','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1',NULL,NULL,NULL,1,'ingest',NULL,NULL,NULL,1795316580000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','e35ff04d-5a2e-40d2-9f39-64ff8810f36d');
INSERT INTO "workflow_status" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-2','DELAYED','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,0,'ingest',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'074e3311-4d47-4d8f-b120-2d6222d4dafb','portable_json',1795316610647,0,0,NULL,'null',NULL,NULL,0,'replanner','d44d9405-a82a-418a-92cb-01a84316e029');
INSERT INTO "workflow_status" VALUES('074e3311-4d47-4d8f-b120-2d6222d4dafb-3','SUCCESS','ingest',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316580000,'wf-1','',NULL,NULL,1,'ingest',NULL,NULL,NULL,1795316580000,NULL,0,NULL,NULL,NULL,'074e3311-4d47-4d8f-b120-2d6222d4dafb','portable_json',NULL,0,0,1795316580000,'null',NULL,NULL,0,'replanner','b06347e7-ba38-4da7-a047-b5c7e64f8604');
INSERT INTO "workflow_status" VALUES('replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4','SUCCESS','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316580000,1795316581000,'wf-1','',NULL,NULL,1,'replan',NULL,NULL,NULL,1795316581000,NULL,0,'acme/limited',NULL,NULL,'074e3311-4d47-4d8f-b120-2d6222d4dafb-3','portable_json',NULL,0,0,1795316581000,'null',NULL,NULL,0,'replanner','29addc99-f56c-464f-b554-dad79e42c1b4');
INSERT INTO "workflow_status" VALUES('replan-1c9f8e19a145fe4672e2-c8b36849dd9e9a89f8e1','DELAYED','replan',NULL,NULL,NULL,NULL,NULL,NULL,'replanner-0',1795316581000,1795316581000,'wf-1','',NULL,NULL,0,'replan',NULL,NULL,NULL,NULL,NULL,0,'acme/limited',NULL,NULL,'replan-1c9f8e19a145fe4672e2-58c336aa24f2aa8247a4','portable_json',1795316611069,0,0,NULL,'null',NULL,NULL,0,'replanner','5befcb78-52df-49ef-b8f8-1a7e186fa709');
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
CREATE INDEX deliveries_waiting ON deliveries (received_ms) WHERE taken_ms IS NULL;
COMMIT;
