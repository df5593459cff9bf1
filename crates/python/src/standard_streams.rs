//! The standard streams as files, whatever the operating system calls that.

use std::fs::File;
use std::io;

/// The standard streams without a buffer: what is read and written is large, and nothing may wait in one.
#[cfg(unix)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;

    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

#[cfg(windows)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;

    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}
