#!/bin/sh
# Error Prone and NullAway as errors over the main and test sources of the named modules, in one javac
# run each: started once per module, the checkers would warm up again and again.
# Usage: lint.sh ROOT WORK-FOLDER MODULE...      after the modules were built; JAVA_HOME is set
set -eu
root=$1 work=$2
shift 2
mkdir -p "$work"
cd "$root" # so that the paths below have no blanks

# What javac needs on its processor path, resolved once and kept while the POMs stay as they are.
if [ ! -s "$work/checkers" ] || [ -n "$(find pom.xml house-rules/lint/pom.xml -newer "$work/checkers")" ]; then
  ./mvnw -B -ntp -q -f house-rules/lint/pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:build-classpath \
    -DincludeScope=runtime "-Dmdep.outputFile=$work/checkers"
fi

# Every module's libraries; the modules themselves by their class folders.
libraries=$(for list in ./*/target/classpath; do tr ":" "\n" <"$list"; echo; done | sed "/^\$/d" | sort -u | tr "\n" ":")
main_classes='' test_classes=''
for folder in ./*/target/classes; do main_classes=$main_classes$folder:; done
for folder in ./*/target/test-classes; do
  [ ! -d "$folder" ] || test_classes=$test_classes$folder:
done

# Usage: check NAME CLASS-PATH FOLDER...
check() {
  name=$1 class_path=$2
  shift 2
  find "$@" -name '*.java' 2>/dev/null >"$work/$name.sources" || true
  [ -s "$work/$name.sources" ] || return 0
  rm -rf "${work:?}/$name.classes"
  "$JAVA_HOME/bin/javac" \
    -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -J-Xmx1g \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.main=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.model=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.parser=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.processing=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.tree=ALL-UNNAMED \
    -J--add-exports=jdk.compiler/com.sun.tools.javac.util=ALL-UNNAMED \
    -J--add-opens=jdk.compiler/com.sun.tools.javac.code=ALL-UNNAMED \
    -J--add-opens=jdk.compiler/com.sun.tools.javac.comp=ALL-UNNAMED \
    --release 25 -encoding UTF-8 -parameters -proc:none -implicit:none -Xmaxerrs 1000 \
    -Xlint:all,-processing,-serial,-module,-missing-explicit-ctor,-classfile -Werror \
    -XDcompilePolicy=simple --should-stop=ifError=FLOW -XDaddTypeAnnotationsToSymbol=true \
    -processorpath "$(cat "$work/checkers")" \
    '-Xplugin:ErrorProne -Xep:InvalidBlockTag:OFF -Xep:InlineFormatString:OFF -Xep:StringConcatToTextBlock:OFF -Xep:RequireExplicitNullMarking:ERROR -Xep:NullAway:ERROR -XepOpt:NullAway:OnlyNullMarked=true -XepOpt:NullAway:JSpecifyMode=true' \
    -cp "$class_path" -d "$work/$name.classes" "@$work/$name.sources"
}

main_folders='' test_folders=''
for module; do
  main_folders="$main_folders $module/src/main/java"
  test_folders="$test_folders $module/src/test/java"
done
status=0
# shellcheck disable=SC2086 # lists of folders
check main "$main_classes$libraries" $main_folders || status=1
# shellcheck disable=SC2086
check test "$test_classes$main_classes$libraries" $test_folders || status=1
exit "$status"
