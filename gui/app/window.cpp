// SPDX-License-Identifier: Apache-2.0
#include "gui/app/window.h"

#include <GLFW/glfw3.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/stop_signal.h"
#include "gui/app/frame_statistics.h"
#include "gui/app/input_queue.h"
#include "gui/ui/imgui_compat.h"
#include "gui/ui/keys.h"

namespace fixynn::gui {
namespace {

/// ImGui needs so many frames after an input until sizes and hovering are what they will be.
constexpr int kSettlingFrames = 3;
/// How long the loop sleeps at most: signals are looked at so often.
constexpr double kLongestWait_s = 0.25;
constexpr double kCaretBlink_s = 0.4;
constexpr double kLowBandwidthInterval_s = 1.0 / 15;
/// Frames that are computed but not rendered while input is waiting.
constexpr int kMostUnseenFrames = 30;
constexpr int kSmallestWidth = 480, kSmallestHeight = 320;

std::string glfw_reason() {
  const char* text = nullptr;
  glfwGetError(&text);
  return text ? text : "no reason was given";
}

struct Library {
  Library() {
    if (glfwInit() != GLFW_TRUE)
      fail(
          "no display: DISPLAY is not set or cannot be opened ({}); use --screenshot FILE, or fixynn-report, "
          "on "
          "machines without one",
          glfw_reason());
  }
  ~Library() { glfwTerminate(); }
};

struct Context {
  Context() { ImGui::CreateContext(); }
  ~Context() { ImGui::DestroyContext(); }
};

struct Backends {
  explicit Backends(GLFWwindow* window) {
    ImGui_ImplGlfw_InitForOpenGL(window, false);
    ImGui_ImplOpenGL3_Init("#version 150");
  }
  ~Backends() {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
  }
};

struct DestroyWindow {
  void operator()(GLFWwindow* window) const { glfwDestroyWindow(window); }
};
using WindowHandle = std::unique_ptr<GLFWwindow, DestroyWindow>;

/// Whether enough of the window's top edge to take hold of it is on a screen.
bool reachable(int x, int y, int width) {
  constexpr int kGrip = 100;
  int count = 0;
  GLFWmonitor** monitors = glfwGetMonitors(&count);
  for (int i = 0; i < count; ++i) {
    int left = 0, top = 0, across = 0, down = 0;
    glfwGetMonitorWorkarea(monitors[i], &left, &top, &across, &down);
    const int seen = std::min(x + width, left + across) - std::max(x, left);
    if (seen >= std::min(kGrip, width) && y >= top && y < top + down - kGrip / 2) return true;
  }
  return false;
}

WindowHandle open_window(const WindowOptions& options) {
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 2);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);  // Shown when it is at its place.
  // GLFW takes the title for both unless both are given.
  glfwWindowHintString(GLFW_X11_CLASS_NAME, "fixynn-gui");
  glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "fixynn-gui");
  int width = std::max(options.width, kSmallestWidth), height = std::max(options.height, kSmallestHeight);
  if (GLFWmonitor* monitor = glfwGetPrimaryMonitor()) {
    int left = 0, top = 0, across = 0, down = 0;
    glfwGetMonitorWorkarea(monitor, &left, &top, &across, &down);
    // A screen may be larger than the primary one, but a first start should fit.
    if (!options.x && across > 0 && down > 0) {
      width = std::min(width, across);
      height = std::min(height, down);
    }
  }
  WindowHandle window(glfwCreateWindow(width, height, options.title.c_str(), nullptr, nullptr));
  if (!window)
    fail(
        "no window with OpenGL 3.2 could be opened ({}); install a driver (Debian: libgl1-mesa-dri), or use "
        "--screenshot FILE, or fixynn-report",
        glfw_reason());
  glfwSetWindowSizeLimits(window.get(), kSmallestWidth, kSmallestHeight, GLFW_DONT_CARE, GLFW_DONT_CARE);
  if (options.x && options.y && reachable(*options.x, *options.y, width))
    glfwSetWindowPos(window.get(), *options.x, *options.y);
  if (options.maximised) glfwMaximizeWindow(window.get());
  glfwMakeContextCurrent(window.get());
  glfwSwapInterval(1);
  glfwShowWindow(window.get());
  return window;
}

}  // namespace

struct Window::Implementation {
  explicit Implementation(const WindowOptions& window_options);

  void install_callbacks();
  void on_key(int key, int scancode, int action, int mods);
  void push(const InputEvent& event) {
    queue.push(event);
    settle = kSettlingFrames;
  }
  void forward(const InputEvent& event);
  void rebuild();
  void wait();
  void compute(const Frame& frame);
  void present();
  double since_start() const { return glfwGetTime(); }
  void remember_place();

  WindowOptions options;
  Library library;
  WindowHandle window;
  Context context;
  Backends backends;
  Ui ui;
  InputQueue queue;
  std::map<int, int> held_keys;  ///< by scan code: the layout may change while a key is down
  ImVec2 mouse{-FLT_MAX, -FLT_MAX};
  bool mouse_down[3] = {};
  std::vector<std::filesystem::path> dropped;
  std::function<bool()> may_close;
  WindowPlace normal_place;
  double user_scale = 1;
  std::optional<ThemeName> new_theme;
  bool stale_fonts = true, stale_style = true, stale_picture = true;
  int settle = kSettlingFrames;
  bool closing = false;
  std::atomic<bool> woken{false};
  double next_frame_s = 0;  ///< when a frame is due without input; infinity: never
  double last_present_s = -1;
  uint64_t shown_hash = 0;
  int frames = 0, presented = 0, unseen = 0;
  Durations build_times, frame_times;
};

Window::Implementation::Implementation(const WindowOptions& window_options)
    : options(window_options), window(open_window(options)), backends(window.get()) {
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigInputTextCursorBlink = !options.frozen;
  ui.frozen = options.frozen;
  ui.fades = !options.low_bandwidth && !options.frozen;
  ui.theme = make_theme(options.theme);
  user_scale = std::clamp(options.user_scale, 0.5, 4.0);
  remember_place();
  install_callbacks();
  rebuild();
}

void Window::Implementation::install_callbacks() {
  GLFWwindow* handle = window.get();
  glfwSetWindowUserPointer(handle, this);
  using Kind = InputEvent::Kind;
  static constexpr auto self = [](GLFWwindow* of) {
    return static_cast<Implementation*>(glfwGetWindowUserPointer(of));
  };
  glfwSetKeyCallback(handle, [](GLFWwindow* of, int key, int scancode, int action, int mods) {
    self(of)->on_key(key, scancode, action, mods);
  });
  glfwSetCharCallback(handle, [](GLFWwindow* of, unsigned code) {
    self(of)->push({.kind = Kind::kText, .code = static_cast<int>(code)});
  });
  glfwSetMouseButtonCallback(handle, [](GLFWwindow* of, int button, int action, int mods) {
    self(of)->push({.kind = Kind::kMouseButton, .code = button, .down = action == GLFW_PRESS, .mods = mods});
  });
  glfwSetCursorPosCallback(handle, [](GLFWwindow* of, double x, double y) {
    self(of)->push({.kind = Kind::kMouseMove, .x = x, .y = y});
  });
  glfwSetScrollCallback(handle, [](GLFWwindow* of, double x, double y) {
    self(of)->push({.kind = Kind::kWheel, .x = x, .y = y});
  });
  glfwSetWindowFocusCallback(handle, [](GLFWwindow* of, int focused) {
    self(of)->push({.kind = Kind::kFocus, .down = focused == GLFW_TRUE});
  });
  glfwSetCursorEnterCallback(handle, [](GLFWwindow* of, int entered) {
    self(of)->push({.kind = Kind::kEnter, .down = entered == GLFW_TRUE});
  });
  glfwSetWindowRefreshCallback(handle, [](GLFWwindow* of) {
    self(of)->stale_picture = true;
    self(of)->settle = std::max(self(of)->settle, 1);
  });
  glfwSetFramebufferSizeCallback(handle, [](GLFWwindow* of, int, int) {
    self(of)->stale_picture = true;
    self(of)->settle = kSettlingFrames;
  });
  glfwSetWindowContentScaleCallback(handle, [](GLFWwindow* of, float, float) {
    self(of)->stale_fonts = true;
    self(of)->settle = kSettlingFrames;
  });
  glfwSetWindowCloseCallback(handle, [](GLFWwindow* of) { self(of)->settle = kSettlingFrames; });
  glfwSetDropCallback(handle, [](GLFWwindow* of, int count, const char** paths) {
    self(of)->dropped.insert(self(of)->dropped.end(), paths, paths + count);
    self(of)->settle = kSettlingFrames;
  });
}

void Window::Implementation::on_key(int key, int scancode, int action, int mods) {
  int labelled = key;
  if (const auto held = held_keys.find(scancode); held != held_keys.end())
    labelled = held->second;
  else if (compat::kKeysNeedLabels && key >= GLFW_KEY_APOSTROPHE && key < GLFW_KEY_ESCAPE)
    labelled = key_of_label(glfwGetKeyName(key, scancode), key);
  if (action == GLFW_RELEASE)
    held_keys.erase(scancode);
  else
    held_keys[scancode] = labelled;
  push({.kind = InputEvent::Kind::kKey,
        .code = labelled,
        .down = action != GLFW_RELEASE,
        .repeat = action == GLFW_REPEAT,
        .mods = mods,
        .scancode = scancode});
}

void Window::Implementation::forward(const InputEvent& event) {
  using Kind = InputEvent::Kind;
  GLFWwindow* handle = window.get();
  switch (event.kind) {
    case Kind::kKey: {
      const int pressed = event.repeat ? GLFW_REPEAT : GLFW_PRESS;
      ImGui_ImplGlfw_KeyCallback(handle, event.code, event.scancode, event.down ? pressed : GLFW_RELEASE,
                                 event.mods);
      break;
    }
    case Kind::kText:
      ImGui_ImplGlfw_CharCallback(handle, static_cast<unsigned>(event.code));
      break;
    case Kind::kMouseButton:
      ImGui_ImplGlfw_MouseButtonCallback(handle, event.code, event.down ? GLFW_PRESS : GLFW_RELEASE,
                                         event.mods);
      if (event.code >= 0 && event.code < 3) mouse_down[event.code] = event.down;
      break;
    case Kind::kMouseMove:
      mouse = ImVec2(static_cast<float>(event.x), static_cast<float>(event.y));
      break;
    case Kind::kWheel:
      ImGui_ImplGlfw_ScrollCallback(handle, event.x, event.y);
      break;
    case Kind::kFocus:
      ImGui_ImplGlfw_WindowFocusCallback(handle, event.down ? GLFW_TRUE : GLFW_FALSE);
      break;
    case Kind::kEnter:
      ImGui_ImplGlfw_CursorEnterCallback(handle, event.down ? GLFW_TRUE : GLFW_FALSE);
      // A drag goes on outside of the window.
      if (!event.down && !mouse_down[0] && !mouse_down[1]) mouse = ImVec2(-FLT_MAX, -FLT_MAX);
      break;
  }
}

void Window::Implementation::rebuild() {
  if (new_theme) ui.theme = make_theme(*std::exchange(new_theme, std::nullopt));
  if (stale_fonts) {
    float across = 1, down = 1;
    glfwGetWindowContentScale(window.get(), &across, &down);
    int width = 0, height = 0, pixels_across = 0, pixels_down = 0;
    glfwGetWindowSize(window.get(), &width, &height);
    glfwGetFramebufferSize(window.get(), &pixels_across, &pixels_down);
    // Where the system itself enlarges the window (its units are not pixels), that part is not ours to do.
    const float system =
        width > 0 && pixels_across > 0 ? static_cast<float>(pixels_across) / static_cast<float>(width) : 1;
    ui.scale = std::clamp(across / system * static_cast<float>(user_scale), 0.5f, 6.0f);
    ui.fonts = load_fonts(options.fonts, ui.scale);
    // Before the first frame the backend has no texture yet, and makes it itself.
    if (frames > 0) {
      ImGui_ImplOpenGL3_DestroyFontsTexture();
      ImGui_ImplOpenGL3_CreateFontsTexture();
    }
  }
  if (stale_fonts || stale_style) {
    apply_theme(ui.theme, ui.scale);
    settle = kSettlingFrames;
    stale_picture = true;
  }
  stale_fonts = stale_style = false;
}

void Window::Implementation::wait() {
  const bool busy = settle > 0 || queue.pending() || options.max_frames > 0;
  const double timeout = busy ? 0 : std::clamp(next_frame_s - since_start(), 0.0, kLongestWait_s);
  if (timeout > 0)
    glfwWaitEventsTimeout(timeout);
  else
    glfwPollEvents();
  if (options.low_bandwidth && options.max_frames == 0) {
    const double next_s = last_present_s + kLowBandwidthInterval_s;
    for (double now_s = since_start(); now_s < next_s; now_s = since_start())
      glfwWaitEventsTimeout(next_s - now_s);
  }
  if (woken.exchange(false)) settle = std::max(settle, 2);
}

void Window::Implementation::compute(const Frame& frame) {
  for (const InputEvent& event : queue.take_frame()) forward(event);
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  compat::override_mouse(ImGui::GetIO(), mouse, mouse_down);
  const double begin_s = since_start();
  ui.begin_frame();
  ImGui::NewFrame();
  const std::optional<double> wanted = frame(ui);
  ImGui::Render();
  build_times.add(1000 * (since_start() - begin_s));
  ++frames;
  double within = std::min(wanted.value_or(HUGE_VAL), ui.redraw_s.value_or(HUGE_VAL));
  if (ImGui::GetIO().WantTextInput && ImGui::GetIO().ConfigInputTextCursorBlink)
    within = std::min(within, kCaretBlink_s);
  next_frame_s = since_start() + std::max(0.0, within);
}

void Window::Implementation::present() {
  const ImDrawData& data = *ImGui::GetDrawData();
  const uint64_t hash = FrameHash().of(data);
  if (hash == shown_hash && !stale_picture) return;
  int width = 0, height = 0;
  glfwGetFramebufferSize(window.get(), &width, &height);
  const ImVec4 background = ImGui::ColorConvertU32ToFloat4(ui.theme.window);
  glViewport(0, 0, width, height);
  glClearColor(background.x, background.y, background.z, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  glfwSwapBuffers(window.get());
  shown_hash = hash;
  stale_picture = false;
  last_present_s = since_start();
  ++presented;
}

void Window::Implementation::remember_place() {
  GLFWwindow* handle = window.get();
  normal_place.maximised = glfwGetWindowAttrib(handle, GLFW_MAXIMIZED) == GLFW_TRUE;
  if (normal_place.maximised || glfwGetWindowAttrib(handle, GLFW_ICONIFIED) == GLFW_TRUE) return;
  glfwGetWindowPos(handle, &normal_place.x, &normal_place.y);
  glfwGetWindowSize(handle, &normal_place.width, &normal_place.height);
}

Window::Window(const WindowOptions& options) : implementation_(std::make_unique<Implementation>(options)) {}
Window::~Window() = default;

Ui& Window::ui() {
  return implementation_->ui;
}

int Window::run(const Frame& frame) {
  Implementation& it = *implementation_;
  const StopSignal stop;
  it.closing = false;
  it.settle = kSettlingFrames;
  while (!it.closing) {
    it.wait();
    if (const int signal = stop.received()) return signal;
    if (glfwWindowShouldClose(it.window.get())) {
      if (!it.may_close || it.may_close()) break;
      glfwSetWindowShouldClose(it.window.get(), GLFW_FALSE);
    }
    const bool due = it.since_start() >= it.next_frame_s;
    if (it.settle == 0 && !it.queue.pending() && !due && it.options.max_frames == 0) continue;
    it.rebuild();
    it.settle = std::max(0, it.settle - 1);
    const double begin_s = it.since_start();
    it.compute(frame);
    // While more input waits, it is worked off first: what would be seen is out of date already.
    if (it.queue.pending() && ++it.unseen < kMostUnseenFrames) continue;
    it.unseen = 0;
    const int before = it.presented;
    it.present();
    if (it.presented != before) it.frame_times.add(1000 * (it.since_start() - begin_s));
    it.remember_place();
    if (it.options.max_frames > 0 && it.frames >= it.options.max_frames) break;
  }
  return 0;
}

void Window::wake() {
  implementation_->woken.store(true);
  glfwPostEmptyEvent();
}

void Window::close() {
  implementation_->closing = true;
}

void Window::on_close(std::function<bool()> may_close) {
  implementation_->may_close = std::move(may_close);
}

double Window::user_scale() const {
  return implementation_->user_scale;
}

void Window::set_user_scale(double scale) {
  scale = std::clamp(scale, 0.5, 4.0);
  if (scale == implementation_->user_scale) return;
  implementation_->user_scale = scale;
  implementation_->stale_fonts = true;
  implementation_->settle = kSettlingFrames;
}

void Window::set_theme(ThemeName theme) {
  if (theme == implementation_->new_theme.value_or(implementation_->ui.theme.name)) return;
  implementation_->new_theme = theme;
  implementation_->stale_style = true;
  implementation_->settle = kSettlingFrames;
}

void Window::set_title(const std::string& title) {
  if (title == implementation_->options.title) return;
  implementation_->options.title = title;
  glfwSetWindowTitle(implementation_->window.get(), title.c_str());
}

WindowPlace Window::place() const {
  return implementation_->normal_place;
}

std::vector<std::filesystem::path> Window::take_dropped_files() {
  return std::exchange(implementation_->dropped, {});
}

FrameTimes Window::frame_times() const {
  const Implementation& it = *implementation_;
  return {it.frames,
          it.presented,
          it.build_times.percentile(0.5),
          it.build_times.percentile(0.99),
          it.frame_times.percentile(0.5),
          it.frame_times.percentile(0.99)};
}

}  // namespace fixynn::gui
