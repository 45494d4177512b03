// SPDX-License-Identifier: Apache-2.0
#include "core/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"

namespace fixynn {
namespace {

std::string reason(int error) {
  switch (error) {
    case ENOSPC:
      return "the disk is full: free some space there and run again";
    case EDQUOT:
      return "the disk quota is used up: free some space and run again";
    case EACCES:
    case EPERM:
    case EROFS:
      return std::string(std::strerror(error)) +
             ": choose a folder you may write to, or change its permissions";
    case EFBIG:
      return "the file would be larger than this process may write: raise the limit (ulimit -f) and run "
             "again";
    default:
      return std::strerror(error);
  }
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return descriptor_; }
  int close() {
    const int result = ::close(descriptor_);
    descriptor_ = -1;
    return result;
  }

 private:
  int descriptor_;
};

int write_all(int descriptor, std::span<const uint8_t> contents) {
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t written = ::write(descriptor, contents.data() + done, contents.size() - done);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    done += static_cast<size_t>(written);
  }
  return 0;
}

int write_temporary(const std::string& temporary, std::span<const uint8_t> contents, bool durable) {
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return errno;
  if (const int error = write_all(file.get(), contents); error != 0) return error;
  if (durable && ::fsync(file.get()) != 0) return errno;
  return file.close() == 0 ? 0 : errno;
}

/// Where a chain of links ends, whether there is a file yet or not: a link stays one, its target is replaced.
std::filesystem::path follow_links(std::filesystem::path path) {
  constexpr int kMostLinks = 40;  // the kernel's limit
  std::error_code code;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(path, code); ++links) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, code);
    if (code) break;
    path = path.parent_path() / target;  // an absolute target replaces the parent
  }
  if (std::filesystem::is_symlink(path, code)) {
    fail("{}: cannot be written: its links go in a circle; name another file", path.string());
  }
  return path;
}

/// A device, a pipe: written into, never replaced.
void write_through(const std::filesystem::path& path, std::span<const uint8_t> contents) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const int error = file.get() < 0 ? errno : write_all(file.get(), contents);
  if (error != 0) fail("{}: cannot be written: {}", path.string(), reason(error));
}

void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems refuse to sync a folder; the rename has happened all the same.
  if (descriptor.get() >= 0) ::fsync(descriptor.get());
}

}  // namespace

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  if (S_ISDIR(info.st_mode)) fail("{}: is a folder, a file was expected", path.string());
  std::vector<uint8_t> contents;
  contents.reserve(static_cast<size_t>(info.st_size));
  uint8_t buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
    if (count == 0) return contents;
    contents.insert(contents.end(), buffer, buffer + count);
  }
}

std::string read_text_file(const std::filesystem::path& path) {
  const std::vector<uint8_t> bytes = read_file(path);
  return std::string(bytes.begin(), bytes.end());
}

void write_file_atomic(const std::filesystem::path& given, std::span<const uint8_t> contents, bool durable) {
  std::error_code code;
  const auto status = std::filesystem::status(given, code);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
      !std::filesystem::is_directory(status)) {
    write_through(given, contents);
    return;
  }
  const std::filesystem::path path = follow_links(given);
  const std::string temporary = fmt::format("{}.tmp{}", path.string(), ::getpid());
  int error = write_temporary(temporary, contents, durable);
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail("{}: cannot be written: {}", path.string(), reason(error));
  }
  if (durable) sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void write_file_atomic(const std::filesystem::path& path, std::string_view contents, bool durable) {
  write_file_atomic(path, std::span(reinterpret_cast<const uint8_t*>(contents.data()), contents.size()),
                    durable);
}

void create_folders(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) fail("{}: the folder cannot be created: {}", path.string(), reason(code.value()));
  if (!std::filesystem::is_directory(path, code)) fail("{}: exists and is not a folder", path.string());
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr ||
      EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
    fail("SHA-256 is not available from OpenSSL on this machine");
  }
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::update(std::span<const uint8_t> bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

void Sha256::update(std::string_view text) {
  update(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

std::string Sha256::finish() {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest, &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::span<const uint8_t> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace fixynn
