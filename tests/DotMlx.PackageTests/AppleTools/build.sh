#!/bin/sh
echo "build.sh $*" >> "$CALLS"
case $FAILING in $1) echo "the test host died" >&2; exit 134 ;; esac
