// The translation from CUDA C++ to C++: what is rewritten, what stays as it is, and that lines keep their numbers.
#include "lab/translate.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cucurbit::test {
namespace {

/// Expects a launch of `kernel` with this configuration and these arguments, and that no line has moved.
void expect_launch(const std::string& code, const std::string& kernel, const std::string& configuration,
                   const std::string& arguments) {
  const lab::Translation result = lab::translate(code);
  ASSERT_EQ(result.launches.size(), 1u) << result.text;
  EXPECT_EQ(result.launches[0], kernel);
  EXPECT_NE(result.text.find("lab_address(" + kernel + ")"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("(lab_arguments...); }, " + configuration + ")" + arguments), std::string::npos)
      << result.text;
  EXPECT_EQ(result.text.find("<<<"), std::string::npos) << result.text;
  EXPECT_EQ(std::count(code.begin(), code.end(), '\n'), std::count(result.text.begin(), result.text.end(), '\n'));
}

void expect_unchanged(const std::string& code) {
  const lab::Translation result = lab::translate(code);
  EXPECT_EQ(result.text, code);
  EXPECT_TRUE(result.launches.empty());
}

TEST(Translate, Launches) {
  expect_launch("void f() { k<<<1, 32>>>(); }", "k", "1, 32", "()");
  expect_launch("void f() { k <<< grid, block, bytes, stream >>> (a, b); }", "k", " grid, block, bytes, stream ",
                " (a, b)");
  expect_launch("void f() { k<<<dim3((n + 1) / 2, m), max<int>(1, 2)>>>(g(a)[1]); }", "k",
                "dim3((n + 1) / 2, m), max<int>(1, 2)", "(g(a)[1])");
  expect_launch("void f() { k<<<n >> 2, 1 << 5>>>(a); }", "k", "n >> 2, 1 << 5", "(a)");
  expect_launch("void f() { k<<<1, size<A<B>>>>>(a); }", "k", "1, size<A<B>>", "(a)");
  expect_launch("void f() { if (x) k<<<1, 1>>>(a); }", "k", "1, 1", "(a)");
  expect_launch("void f() { return k<<<1, 1>>>(a); }", "k", "1, 1", "(a)");
}

TEST(Translate, WhatNamesAKernel) {
  expect_launch("void f() { k<int, 256><<<1, 1>>>(a); }", "k<int, 256>", "1, 1", "(a)");
  expect_launch("void f() { k<A<B<int>>, (x > 3)><<<1, 1>>>(a); }", "k<A<B<int>>, (x > 3)>", "1, 1", "(a)");
  expect_launch("void f() { one::two::k<3><<<1, 1>>>(a); }", "one::two::k<3>", "1, 1", "(a)");
  expect_launch("void f() { ::k<<<1, 1>>>(a); }", "::k", "1, 1", "(a)");
  expect_launch("void f() { Ops<float>::template k<3><<<1, 1>>>(a); }", "Ops<float>::template k<3>", "1, 1", "(a)");
  expect_launch("void f() { table[i + 1]<<<1, 1>>>(a); }", "table[i + 1]", "1, 1", "(a)");
  expect_launch("void f() { entry->kernel<<<1, 1>>>(a); }", "entry->kernel", "1, 1", "(a)");
  expect_launch("void f() { (*pointer)<<<1, 1>>>(a); }", "(*pointer)", "1, 1", "(a)");
}

TEST(Translate, LaunchesAcrossLines) {
  expect_launch("void f() {\n  k<<<1,\n      32>>>(\n      a);\n}\n", "k", "1,\n      32", "(\n      a)");
  expect_launch("void f() {\n  k<int,\n    3><<<1, 32>>>(a);\n}\n", "k<int,     3>", "\n1, 32", "(a)");
}

TEST(Translate, LeavesStringsCommentsAndSystemHeadersAlone) {
  expect_unchanged("const char* a = \"k<<<1, 1>>>(x)\"; // k<<<1, 1>>>(x)\n/* k<<<1, 1>>>(x)\n */ char c = '\"';\n");
  expect_unchanged("auto r = R\"x(k<<<1, 1>>>(a) )\" extern __shared__ int s[];)x\"; int big = 1'000'000;\n");
  expect_unchanged("# 1 \"/usr/include/a\" 1 3\nvoid f() { k<<<1, 1>>>(a); }\n");
  expect_unchanged("template <class T> Stream& operator<<<T>(Stream&, T); int x = a << b >> 3;\n");
  expect_launch("# 1 \"/usr/include/a\" 1 3\nint a;\n# 2 \"own.cu\" 2\nvoid f() { k<<<1, 1>>>(b); }\n", "k", "1, 1",
                "(b)");
  expect_launch("char c = '\\'', d = '\"'; int n = 1'000; void f() { k<<<1, 1>>>(\"<<\", '<'); }", "k", "1, 1",
                "(\"<<\", '<')");
}

TEST(Translate, NumbersLaunches) {
  const lab::Translation result = lab::translate("void f() { a<<<1, 1>>>(); b<int><<<2, 2>>>(x); }");
  EXPECT_EQ(result.launches, (std::vector<std::string>{"a", "b<int>"}));
  EXPECT_NE(result.text.find("launch<0>(\"a\""), std::string::npos);
  EXPECT_NE(result.text.find("launch<1>(\"b<int>\""), std::string::npos);
}

TEST(Translate, QuotesInNames) {
  EXPECT_NE(lab::translate("void f() { k<'\"'><<<1, 1>>>(); }").text.find("launch<0>(\"k<'\\\"'>\""),
            std::string::npos);
}

/// The translated declaration with runs of spaces reduced to one.
std::string declared(const std::string& code) {
  const lab::Translation result = lab::translate(code);
  EXPECT_EQ(std::count(code.begin(), code.end(), '\n'), std::count(result.text.begin(), result.text.end(), '\n'));
  std::string text;
  for (const char c : result.text)
    if (c != ' ' || text.empty() || text.back() != ' ') text += c;
  return text;
}

TEST(Translate, DynamicSharedMemory) {
  const std::string pointer =
      "; lab_element_of_s* s = static_cast<lab_element_of_s*>(softgpu::dynamic_shared_memory())";
  const std::string expected = "void k() { typedef float lab_element_of_s" + pointer + "; }";
  EXPECT_EQ(declared("void k() { extern __shared__ float s[]; }"), expected);
  EXPECT_EQ(declared("void k() { extern static thread_local float s[]; }"), expected);
  EXPECT_EQ(declared("void k() { extern __shared__ __align__(16) float s[]; }"), expected);
  EXPECT_EQ(declared("void k() { extern __attribute__((aligned(16))) __shared__ float s[]; }"), expected);
  EXPECT_EQ(declared("void k() { extern __shared__ volatile unsigned char s[]; }"),
            "void k() { typedef volatile unsigned char lab_element_of_s" + pointer + "; }");
  EXPECT_EQ(declared("void k() { extern __shared__ float s[][33]; }"),
            "void k() { typedef float lab_element_of_s[33]" + pointer + "; }");
  EXPECT_EQ(declared("void k() { extern\n__shared__ float s[]; }"),
            "void k() { typedef float lab_element_of_s" + pointer + "\n; }");
}

TEST(Translate, LineMarkersOfMacrosFromSystemHeaders) {
  // This is what g++ -E makes of `extern __shared__ int s[];` when __shared__ is a macro of a system header.
  const std::string code =
      "void k() {\n  extern \n# 2 \"own.cu\" 3 4\n static thread_local\n# 2 \"own.cu\"\n int s[];\n}\n";
  const std::string text = lab::translate(code).text;
  EXPECT_NE(text.find("softgpu::dynamic_shared_memory())\n# 2 \"own.cu\"\n;\n}\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("# 2 \"own.cu\" 3 4"), std::string::npos) << text;
}

TEST(Translate, DynamicSharedMemoryOutsideOfFunctions) {
  const std::string object = "typedef int lab_element_of_s; static ::lab::detail::DynamicShared<lab_element_of_s> s;";
  EXPECT_EQ(declared("extern __shared__ int s[];"), object);
  EXPECT_EQ(declared("namespace a::b {\nextern __shared__ int s[];\n}"), "namespace a::b {\n" + object + "\n}");
  EXPECT_EQ(declared("extern \"C\" {\nextern __shared__ int s[];\n}"), "extern \"C\" {\n" + object + "\n}");
}

TEST(Translate, OtherExternDeclarations) {
  expect_unchanged("extern int a[]; extern \"C\" void f(); extern \"C\" { int g; } struct external { int s[3]; };");
}

}  // namespace
}  // namespace cucurbit::test
