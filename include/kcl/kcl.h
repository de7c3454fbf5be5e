// All of kclpp's public API but the testing headers (kcl/testing/).
#pragma once

#include <kcl/cloudwatch.h>
#include <kcl/consume.h>
#include <kcl/credentials.h>
#include <kcl/errors.h>
#include <kcl/hash_key.h>
#include <kcl/item_store.h>
#include <kcl/item_stores.h>
#include <kcl/kinesis.h>
#include <kcl/lease_balance.h>
#include <kcl/lease_format.h>
#include <kcl/log_sink.h>
#include <kcl/log_sinks.h>
#include <kcl/metrics_sink.h>
#include <kcl/on_error.h>
#include <kcl/position.h>
#include <kcl/prometheus.h>
#include <kcl/record.h>
#include <kcl/record_processor.h>
#include <kcl/result.h>
#include <kcl/shard_status.h>
#include <kcl/stray_records.h>
#include <kcl/timestamp.h>
#include <kcl/worker.h>
#include <kcl/worker_config.h>
