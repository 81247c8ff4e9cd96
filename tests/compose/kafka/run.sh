#!/bin/bash
# Turns KAFKA_LOG_DIRS into log.dirs and so on, formats the directory once, then becomes the broker.
set -euo pipefail

properties=/opt/kafka/config/server.properties
: >"$properties"
while IFS='=' read -r name value; do
    case $name in
        KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JVM_PERFORMANCE_OPTS) ;;
        KAFKA_*)
            name=${name#KAFKA_}
            name=${name,,}
            printf '%s=%s\n' "${name//_/.}" "$value" >>"$properties"
            ;;
    esac
done < <(env)
# Split on purpose: the variables hold options.
# shellcheck disable=SC2206
java=(/opt/java/bin/java ${KAFKA_HEAP_OPTS:-} ${KAFKA_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1
    --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '/opt/kafka/libs/*')
"${java[@]}" kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config "$properties" --ignore-formatted
exec "${java[@]}" kafka.Kafka "$properties"
