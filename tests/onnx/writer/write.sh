#!/bin/sh
# Writes the fixtures whose names start with $1, or all, into $2, or ../fixtures, with version $3 of DL4J.
set -eu
start=${1-}
into=$(realpath "${2-$(dirname "$0")/../fixtures}")
version=${3-1.0.0-M2.1}
cd "$(dirname "$0")"
trap 'rm -rf target' EXIT
mvn -q -B -f ../../fixtures/dl4j_json/pom.xml dependency:build-classpath \
    -Dmdep.outputFile="$PWD/target/classpath" -Ddl4j.version="$version"
javac -d target/classes -cp "$(cat target/classpath)" ./*.java
java -cp "target/classes:$(cat target/classpath)" org.pydl4j.fixtures.Main "$into" "$start"
